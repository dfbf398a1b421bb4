"""A lossless WebP with as many Huffman codes as there can be (RFC 9649 §5 and §6)."""

import struct

SIGNATURE = 0x2F
MIN_BLOCK_BITS = 2
"""Each 4 × 4 pixels have codes of their own."""

CODES_OF_A_GROUP = 5
GREEN_SYMBOLS = 280
LEVELS = 256


class Bits:
    """Bits, of which each byte takes the lowest first."""

    def __init__(self) -> None:
        self.bits: list[str] = []

    def add(self, number: int, count: int) -> None:
        """A number, lowest bit first."""
        self.bits.append(f"{number:0{count}b}"[::-1])

    def add_code(self, code: int, count: int) -> None:
        """A Huffman code, highest bit first."""
        self.bits.append(f"{code:0{count}b}")

    def packed(self) -> bytes:
        text = "".join(self.bits)
        length = -(-len(text) // 8)
        return int(text[::-1], 2).to_bytes(length, "little")


def add_code_of_one_symbol(bits: Bits) -> None:
    bits.add(1, 1)  # a simple code
    bits.add(0, 3)  # of one symbol, 0


def add_code_of_all_levels(bits: Bits, symbols: int) -> None:
    """A code in which each of 256 levels has eight bits; further symbols have none."""
    bits.add(0, 1)
    bits.add(12 - 4, 4)
    for length in (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8):
        bits.add(length in {0, 8}, 3)
    bits.add(0, 1)  # a length for each symbol
    for symbol in range(symbols):
        bits.add(symbol < LEVELS, 1)


def webp_of_codes(side: int, groups: int) -> bytes:
    """A black square whose parts have so many groups of Huffman codes, of one symbol each."""
    bits = Bits()
    bits.add(SIGNATURE, 8)
    bits.add(side - 1, 14)
    bits.add(side - 1, 14)
    bits.add(0, 1 + 3)  # no alpha, version 0
    bits.add(0, 1 + 1)  # no transform, no colour cache
    bits.add(1, 1)  # several groups
    bits.add(0, 3)
    bits.add(0, 1)  # no colour cache in the picture that tells the group of each part
    add_code_of_all_levels(bits, GREEN_SYMBOLS)
    add_code_of_all_levels(bits, LEVELS)
    for _ in range(CODES_OF_A_GROUP - 2):
        add_code_of_one_symbol(bits)
    parts = -(-side >> MIN_BLOCK_BITS)
    for part in range(parts * parts):
        group = part % groups
        bits.add_code(group & 0xFF, 8)
        bits.add_code(group >> 8, 8)
    for _ in range(groups * CODES_OF_A_GROUP):
        add_code_of_one_symbol(bits)
    data = bits.packed() + bytes(64)
    chunk = b"VP8L" + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
