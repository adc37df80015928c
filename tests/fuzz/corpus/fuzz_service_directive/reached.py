def test_a(): pass
def main():
	test_a()
x = [main(
)] \
 + f"{x}"
