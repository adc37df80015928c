#include "unit.h"

#include <string.h>

#include "service/discover.h"

static void tests_that_nobody_starts(void **state)
{
    static const struct {
        const char *text;
        int count;
    } cases[] = {
        /* None started. */
        {"def test_a(): pass\ndef test_b():\n    assert 1\n", 2},
        {"async def test_a():\n    pass\n", 1},
        {"import unittest\nclass A(unittest.TestCase):\n    def test_x(self): pass\n"
         "    def testY(self): pass\n    def helper(self): pass\n",
         2},
        {"class TestA:\n    @x\n    def test_x(self):\n        def test_local(): pass\n"
         "    def test_y(self): pass\n",
         2},
        {"class Base(unittest.TestCase): pass\nclass B(Base):\n    def test_x(self): pass\n", 2},
        {"class B(Mixin, unittest.IsolatedAsyncioTestCase):\n    pass\n", 1},
        {"try:\n    import x\nexcept ImportError:\n    def test_a(): pass\n", 1},
        {"def test_a(): pass\n# test_a()\n\"\"\"\ntest_a()\n\"\"\"\ns = 'test_a()'\n", 1},
        {"def test_a(): pass\ndef main():\n    test_a()\n", 1}, /* main is never called */
        {"def test_a(): pass\nif __name__ == '__main__':\n    pass\n", 1},
        {"def test_a(): pass\n\nx = setup()\nlogging.basicConfig()\n", 1},
        {"def helper(): return 1\ndef test_a(): helper()\nx = helper()\n", 1},
        {"@unittest.skip(test_a)\ndef test_a(): pass\n", 1},
        {"class A(unittest.TestCase):\n    def test_a(self):\n        unittest.main()\n", 1},
        {"def test_a(x=rb'''\n'''): pass\r\n", 1},
        {"\xef\xbb\xbf"
         "def test_a(): pass",
         1},
        {"def test_a(): '\xb2\xe2\xca\xd4'\n", 1}, /* GBK */

        /* Started. */
        {"def test_a(): pass\nif __name__ == '__main__':\n    test_a()\n", 0},
        {"def test_a(): pass\nif __name__ == \"__main__\": run_all()\n", 0},
        {"def test_a(): pass\nif __name__ in ('__main__',):\n  for f in tests:\n    f()\n", 0},
        {"class A(unittest.TestCase):\n    def test_a(self): pass\nunittest.main()\n", 0},
        {"from unittest import main\nclass A(TestCase):\n    def test_a(self): pass\nmain()\n", 0},
        {"def test_a(): pass\ntest_a()\n", 0},
        {"def test_a(): pass\nfor t in [test_a]:\n    t()\n", 0},
        {"def test_a(): pass\ndef main():\n    test_a()\nmain()\n", 0},
        {"def test_a(): pass\ndef main():\n    test_a()\nsys.exit(main())\n", 0},
        {"def go(): test_a()\ndef run():\n  go()\ndef test_a(): pass\nrun()\n", 0},
        {"class Run:\n  def go(self): test_a()\ndef test_a(): pass\nRun().go()\n", 0},
        {"class TestA(unittest.TestCase):\n  def test_a(self): pass\n"
         "s = unittest.makeSuite(TestA)\n",
         0},
        {"def test_a(): pass\nsys.exit(pytest.main([__file__]))\n", 0},
        {"import doctest\ndef test_a(): pass\ndoctest.testmod()\n", 0},
        {"def test_a(): pass\ntest.support.run_unittest(x)\n", 0},
        {"def test_a(): pass\n[f() for n, f in globals().items()]\n", 0},

        /* No tests. */
        {"", 0},
        {"print('test_a')\n", 0},
        {"# def test_a(): pass\n", 0},
        {"'''\ndef test_a(): pass\n'''\n", 0},
        {"x = 'a\\\n'\ndef a(): pass\n", 0},
        {"def test(): pass\n", 0},
        {"def testing_mode(): pass\n", 0},
        {"class TestStation:\n    def connect(self): pass\n", 0}, /* a class of the bench's own */
        {"class TestRun:\n    def __init__(self): pass\n    def test_count(self): pass\n", 0},
        {"def a():\n    def test_x(): pass\n", 0},
        {"def", 0},
        {"class\n", 0},
        {"def test_", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int count = count_unstarted_tests(cases[i].text, strlen(cases[i].text));
        if (count != cases[i].count)
            fail_msg("%d instead of %d in:\n%s", count, cases[i].count, cases[i].text);
    }
}

static void bytes_of_any_kind(void **state)
{
    char data[4096];
    unsigned seed = 1;
    for (int round = 0; round < 200; round++) {
        memcpy(data, "def test_a(): pass\n", 19);
        for (size_t i = 19; i < sizeof data; i++) {
            seed = seed * 1664525 + 1013904223;
            data[i] = "\"'\\\n#()[]{}:.@ \tab\0\xff"[(seed >> 16) % 20];
        }
        assert_in_range(count_unstarted_tests(data, sizeof data), 0, 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tests_that_nobody_starts),
        cmocka_unit_test(bytes_of_any_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
