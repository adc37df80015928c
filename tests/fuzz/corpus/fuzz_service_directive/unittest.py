import unittest
class A(unittest.TestCase):
    @x
    def test_a(self):
        """doc"""
if __name__ == "__main__":
    unittest.main()
