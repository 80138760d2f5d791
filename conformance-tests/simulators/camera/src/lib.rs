//! A virtual ONVIF camera with a real event service.
//!
//! [`Camera::start`] opens an HTTP server that speaks SOAP 1.2 as the ONVIF specifications demand:
//! the device, media and event services, HTTP Digest and WS-UsernameToken, pull points with long
//! polling, renewal, expiry, filters and reference parameters. A vendor or an installer can rehearse
//! against it; the house proves its own client and its examination with it.
//!
//! What real cameras do wrong is a named setting ([`Quirks`]); a [`Mutant`] breaks exactly one case
//! of the examination. Written from the ONVIF Core, Device, Event and Analytics specifications;
//! shares no code with the adapter.

mod auth;
mod camera;
mod clock;
mod device;
mod event;
mod events;
mod filter;
mod ids;
mod media;
mod mutant;
mod pull_point;
mod quirks;
mod server;
mod settings;
mod soap;
mod topic;

pub use camera::{Camera, CameraHandle, Counters};
pub use event::{Event, Plate, PropertyOperation};
pub use mutant::Mutant;
pub use quirks::{QuirkError, Quirks};
pub use settings::{Identity, Settings, User};
pub use topic::Topic;
