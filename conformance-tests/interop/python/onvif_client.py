"""Uses an ONVIF camera through onvif-zeep-async.

usage: onvif_client.py HOST PORT USER PASSWORD

Prints one line of JSON for each step; exits 1 when a step fails. Events must be emitted by the
caller once the line with "subscribed" has come.
"""

import asyncio
import datetime
import importlib.metadata
import json
import sys

from onvif import ONVIFCamera


def say(**words):
    print(json.dumps(words, default=str), flush=True)


async def main():
    host, port, user, password = sys.argv[1:5]
    say(counterpart="onvif-zeep-async", version=importlib.metadata.version("onvif-zeep-async"))
    camera = ONVIFCamera(host, int(port), user, password)
    await camera.update_xaddrs()
    device = await camera.create_devicemgmt_service()
    say(information=(await device.GetDeviceInformation())["Model"])
    say(scopes=len(await device.GetScopes()))
    media = await camera.create_media_service()
    profiles = await media.GetProfiles()
    stream = await media.GetStreamUri({
        "ProfileToken": profiles[0].token,
        "StreamSetup": {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}},
    })
    say(stream=stream.Uri)
    picture = await camera.get_snapshot(profiles[0].token)
    say(snapshot=len(picture or b""))
    events = await camera.create_events_service()
    properties = await events.GetEventProperties()
    say(dialects=len(properties.TopicExpressionDialect))

    lost = []
    manager = await camera.create_pullpoint_manager(
        datetime.timedelta(seconds=60), lambda: lost.append(True)
    )
    service = manager.get_service()
    await manager.set_synchronization_point()
    say(subscribed=True)
    seen = []
    for _ in range(20):
        pulled = await service.PullMessages(
            {"MessageLimit": 100, "Timeout": datetime.timedelta(seconds=2)}
        )
        for message in pulled.NotificationMessage or []:
            inner = message.Message._value_1
            items = {}
            for part in (inner.Source, inner.Key, inner.Data):
                for item in (part.SimpleItem if part is not None else []):
                    items[item.Name] = item.Value
            seen.append(message.Topic._value_1)
            say(topic=message.Topic._value_1, operation=inner.PropertyOperation, items=items)
        if len(seen) >= 6:
            break
    subscription = await camera.create_subscription_service("PullPointSubscription")
    renewed = await subscription.Renew("PT90S")
    life = renewed.TerminationTime - renewed.CurrentTime
    say(renewed_seconds=life.total_seconds())
    await manager.shutdown()
    await camera.close()
    say(events=len(seen), lost=len(lost))
    sys.exit(0 if len(seen) >= 6 and not lost else 1)


asyncio.run(main())
