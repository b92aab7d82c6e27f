import hashlib


def digest(stream, size, *, algorithms, progress=None):
    hs = {a: (hashlib.blake2b(digest_size=32) if a == "blake2b" else hashlib.new(a)) for a in algorithms}
    stream.seek(0)
    left = size
    while left:
        b = stream.read(min(left, 1 << 20))
        if not b:
            break
        left -= len(b)
        for h in hs.values():
            h.update(b)
    return {a: h.hexdigest() for a, h in hs.items()}
