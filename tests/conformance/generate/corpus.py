"""What the Python generators share: where cases go, how they are written, and where numbers come from."""
import hashlib
import json
import pathlib

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors"


def number(label: str, below: int) -> int:
    """The same number for the same label, for ever: nothing here is drawn at random."""
    digest = hashlib.sha512(f"tutti conformance {label}".encode()).digest()
    return 1 + int.from_bytes(digest, "big") % (below - 1)


def octets(label: str, length: int) -> bytes:
    out = b""
    while len(out) < length:
        out += hashlib.sha512(f"tutti conformance {label} {len(out)}".encode()).digest()
    return out[:length]


def hexed(value):
    if isinstance(value, (bytes, bytearray)):
        return "0x" + bytes(value).hex()
    if isinstance(value, dict):
        return {key: hexed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [hexed(item) for item in value]
    return value


def write(path: str, content) -> None:
    target = VECTORS / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(hexed(content), indent=1) + "\n")


class Suite:
    """One folder of cases, `<folder>/<kind>/<name>.json`."""

    def __init__(self, folder: str, **head):
        self.folder, self.head, self.names = folder, head, set()

    def case(self, kind, name, given, output, **head):
        path = f"{self.folder}/{kind}/{name}.json"
        assert path not in self.names, path
        self.names.add(path)
        head = {key: value for key, value in {**self.head, **head}.items() if value is not None}
        write(path, {**head, "input": given, "output": output})
