"""A mail server for tests: aiosmtpd with one user.

usage: smtp_server.py USER PASSWORD

Prints a line of JSON with version and port, then one for each mail taken. Refuses recipients named
nobody@… for good and busy@… for now, says 421 to closing@… and ends the connection at gone@…. Ends when standard input is closed.
"""

import asyncio
import email
import email.policy
import importlib.metadata
import json
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def say(**words):
    print(json.dumps(words), flush=True)


class Mailbox:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 no such mailbox"
        if address.startswith("busy@"):
            return "451 try again later"
        if address.startswith("closing@"):
            return "421 too busy"
        if address.startswith("gone@"):
            server.transport.close()
            return "421 never heard"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say(
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            user=session.auth_data.login.decode() if session.authenticated else None,
            message_id=mail["message-id"],
            subject=mail["subject"],
            body=mail.get_content(),
        )
        return "250 taken"


def authenticate(user, password):
    def check(server, session, envelope, mechanism, data):
        good = data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=good, handled=False, auth_data=data)

    return check


async def main(user, password):
    loop = asyncio.get_running_loop()

    def connection():
        return SMTP(
            Mailbox(),
            authenticator=authenticate(user, password),
            auth_require_tls=False,
            auth_required=True,
            hostname="localhost",
        )

    server = await loop.create_server(connection, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    say(aiosmtpd=importlib.metadata.version("aiosmtpd"), port=port)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main(*sys.argv[1:3]))
