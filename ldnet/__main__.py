"""`python -m ldnet` is the command `ldnet`."""

from ldnet.commands.main import main

if __name__ == "__main__":
    main(prog_name="ldnet")
