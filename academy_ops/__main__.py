"""``python -m academy_ops`` and the console script ``academy-ops``."""

from academy_ops.cli.main import main

if __name__ == "__main__":
    main()
