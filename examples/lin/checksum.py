"""A unittest that starts itself: its closing lines are the verdict."""
import unittest


def classic_checksum(data):
    """LIN 1.x: the inverted sum with carry."""
    total = 0
    for byte in data:
        total += byte
        if total > 0xFF:
            total -= 0xFF
    return 0xFF - total


class ChecksumTest(unittest.TestCase):
    def test_known_frame(self):
        self.assertEqual(classic_checksum([0x4A, 0x55, 0x93, 0xE5]), 0xE6)

    def test_empty_frame(self):
        self.assertEqual(classic_checksum([]), 0xFF)


if __name__ == "__main__":
    unittest.main()
