"""The AWS emulator: ministack on loopback, with durable state and the additions of this folder.

Its settings come by environment: GATEWAY_PORT, PERSIST_STATE, STATE_DIR and others of ministack's own.
ministack's own start-up is not used: it binds every address.
"""

import asyncio
import logging
import os

import additions
from additions.eks_login import TokenReviews
from durable import Durable
from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app

additions.install()
# It would say of every file at every write that it was saved; that one could not be is an error, and is said.
logging.getLogger("persistence").setLevel(logging.WARNING)

config = Config()
config.bind = [f"127.0.0.1:{os.environ['GATEWAY_PORT']}"]
# Longer than AWS clients keep idle connections, so that none of them meets one that is being closed.
config.keep_alive_timeout = 75

asyncio.run(serve(TokenReviews(Durable(app)), config))
