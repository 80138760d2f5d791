// Uses an ONVIF camera through the npm package `onvif`.
//
// usage: node onvif_client.js HOST PORT USER PASSWORD [digest]
//
// Prints one line of JSON for each step; exits 1 when a step fails. Events must be emitted by the
// caller once the line with "subscribed" has come. The package is looked for through NODE_PATH.
'use strict';

const { Cam } = require('onvif');
const { version } = require('onvif/package.json');

const [host, port, username, password, method] = process.argv.slice(2);
const say = (words) => console.log(JSON.stringify(words));
const fail = (step, error) => {
	say({ failed: step, error: String(error) });
	process.exit(1);
};
setTimeout(() => fail('time', 'not done within 30 s'), 30000);

say({ counterpart: 'npm onvif', version });
const camera = new Cam({
	hostname: host, port: Number(port), username, password, useWSSecurity: method !== 'digest',
}, (error) => {
	if (error) { fail('connect', error); }
	camera.getDeviceInformation((error, information) => {
		if (error) { fail('information', error); }
		say({ information: information.model });
		camera.getStreamUri({ protocol: 'RTSP' }, (error, stream) => {
			if (error) { fail('stream', error); }
			say({ stream: stream.uri });
			subscribe();
		});
	});
});

function subscribe() {
	camera.getEventProperties((error, properties) => {
		if (error) { fail('properties', error); }
		say({ topics: Object.keys(properties.topicSet) });
		camera.createPullPointSubscription((error) => {
			if (error) { fail('subscribe', error); }
			say({ subscribed: true });
			pull(0);
		});
	});
}

function pull(seen) {
	camera.pullMessages({ messageLimit: 100 }, (error, data) => {
		if (error) { fail('pull', error); }
		const messages = [].concat(data.notificationMessage || []);
		for (const message of messages) { say({ topic: message.topic._ }); }
		const total = seen + messages.length;
		if (total < 6) { return pull(total); }
		camera.renew((error, data) => {
			if (error) { fail('renew', error); }
			say({ renewed: data.terminationTime });
			camera.unsubscribe((error) => {
				if (error) { fail('unsubscribe', error); }
				say({ events: total });
				process.exit(0);
			});
		});
	});
}
