"""Two repairs to LocalStack: it binds 127.0.0.1 only, and KMS of 4.13.1 runs on Python 3.11."""

import hashlib
import sys
import uuid

from localstack import config
from localstack.runtime import hooks


@hooks.on_infra_start(priority=100)
def bind_loopback():
    """Bind the IPv4 host of GATEWAY_LISTEN; LocalStack's Twisted server binds 0.0.0.0 whatever it says."""
    from twisted.internet import endpoints

    real = endpoints.TCP4ServerEndpoint
    hosts = {listen.port: listen.host for listen in config.GATEWAY_LISTEN}

    def on_host(reactor, port, backlog=50, interface=""):
        return real(reactor, port, backlog, interface or hosts.get(port, "127.0.0.1"))

    endpoints.TCP4ServerEndpoint = on_host


@hooks.on_infra_start(priority=100)
def uuid5_of_bytes():
    """Let uuid5 take bytes on Python 3.11: LocalStack's KMS passes them, which 3.12 first allows."""
    if sys.version_info >= (3, 12):
        return
    real = uuid.uuid5

    def uuid5(namespace, name):
        if isinstance(name, str):
            return real(namespace, name)
        digest = hashlib.sha1(namespace.bytes + name).digest()  # RFC 9562 5.5; not for security
        return uuid.UUID(bytes=digest[:16], version=5)

    uuid.uuid5 = uuid5
