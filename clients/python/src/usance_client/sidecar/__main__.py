"""`python -m usance_client.sidecar`."""

import sys

from usance_client.sidecar.command import main

sys.exit(main())
