"""`python -m wms.stack.clean`: delete the embedded database and broker of the data folder. Refused while they run."""

import shutil
import sys

from wms.settings import Settings
from wms.stack.postgres import EmbeddedPostgres
from wms.stack.supervisor import read_status


def main() -> int:
    settings = Settings()
    if read_status(settings.data_dir) is not None:
        print(f"a stack runs on {settings.data_dir}: stop it first", file=sys.stderr)
        return 1
    EmbeddedPostgres(settings.data_dir).destroy()
    shutil.rmtree(settings.data_dir, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
