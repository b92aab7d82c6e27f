"""Shared libraries that are really compiled, for extensions to be linked with."""

import shutil
import subprocess
from pathlib import Path

__all__ = ["CODE", "NUMPY_CODE", "compile_library"]

CODE = """\
#include <Python.h>
extern int answer(void);
static PyObject *told(PyObject *self, PyObject *none) {{ return PyLong_FromLong(answer()); }}
static PyMethodDef methods[] = {{{{"answer", told, METH_NOARGS, ""}}, {{0}}}};
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "{module}", NULL, -1, methods}};
PyMODINIT_FUNC PyInit_{module}(void) {{ return PyModule_Create(&module); }}
"""
"""Of an extension module that asks a library for `answer`."""

NUMPY_CODE = """\
#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>
static PyObject *told(PyObject *self, PyObject *none)
{{
    npy_intp size[1] = {{3}};
    return PyArray_ZEROS(1, size, NPY_DOUBLE, 0);
}}
static PyMethodDef methods[] = {{{{"answer", told, METH_NOARGS, ""}}, {{0}}}};
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "{module}", NULL, -1, methods}};
PyMODINIT_FUNC PyInit_{module}(void) {{ import_array(); return PyModule_Create(&module); }}
"""
"""Of an extension module that makes an array of NumPy's."""


def compile_library(folder: Path, name: str, number: int, *, answer: int, versions: tuple[str, ...] = ()) -> Path:
    """Compile `lib<name>.so.<number>`, and make it the one that linkers find; return its path.

    Args:
        folder: Where it goes; made if it is not there.
        name: Of the library.
        number: Behind `.so`, and in its own name.
        answer: What its function returns.
        versions: Of its symbols, oldest first: the function has the last one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"lib{name}.so.{number}"
    source = folder / f"{name}.c"
    source.write_text(f"int answer(void) {{ return {answer}; }}\n", encoding="utf-8")
    command = ["cc", "-shared", "-fPIC", str(source), "-o", str(path), f"-Wl,-soname,{path.name}"]
    if versions:
        script = folder / f"{name}.map"
        before = [f"{version} {{ }};" for version in versions[:-1]]
        last = f"{versions[-1]} {{ global: answer; local: *; }}"
        script.write_text("\n".join([*before, f"{last} {' '.join(versions[-2:-1])};"]), encoding="utf-8")
        command.append(f"-Wl,--version-script={script}")
    subprocess.run(command, check=True, timeout=60)
    shared = folder / f"lib{name}.so"
    shared.unlink(missing_ok=True)
    shutil.copy(path, shared)
    return path
