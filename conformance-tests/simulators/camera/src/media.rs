//! The media service: just enough that clients which expect one are content. No video is served;
//! the stream address it tells leads nowhere.

use crate::camera::Core;
use crate::device::unknown;
use crate::soap::{Call, Fault, escape};

/// A grey JPEG of one pixel, Base64.
pub(crate) const SNAPSHOT: &str = "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////\
////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAA\
AAAAAP/aAAgBAQABPxA=";

/// Answers an operation of the media service.
pub(crate) fn answer(core: &Core, call: &Call<'_>, host: &str) -> Result<String, Fault> {
    let name = call.payload.local();
    let body = match name {
        "GetServiceCapabilities" => service_capabilities().to_owned(),
        "GetProfiles" => format!("<trt:Profiles {}", profile("trt:Profiles")),
        "GetProfile" if call.text("ProfileToken").as_deref() == Some("profile-1") => {
            format!("<trt:Profile {}", profile("trt:Profile"))
        }
        "GetVideoSources" => "<trt:VideoSources token=\"video-source-1\">\
             <tt:Framerate>25</tt:Framerate><tt:Resolution><tt:Width>1920</tt:Width>\
             <tt:Height>1080</tt:Height></tt:Resolution></trt:VideoSources>"
            .to_owned(),
        "GetStreamUri" => {
            known_profile(call)?;
            let host = host.split(':').next().unwrap_or(host);
            media_uri(&format!("rtsp://{}:554/stream-1", escape(host)))
        }
        "GetSnapshotUri" => {
            known_profile(call)?;
            media_uri(&format!("http://{}/onvif/snapshot", escape(host)))
        }
        _ => return Err(unknown(core, name)),
    };
    Ok(format!("<trt:{name}Response>{body}</trt:{name}Response>"))
}

pub(crate) fn service_capabilities() -> &'static str {
    "<trt:Capabilities SnapshotUri=\"true\" Rotation=\"false\">\
     <trt:ProfileCapabilities MaximumNumberOfProfiles=\"1\"/>\
     <trt:StreamingCapabilities RTPMulticast=\"false\" RTP_TCP=\"false\" RTP_RTSP_TCP=\"true\"/>\
     </trt:Capabilities>"
}

fn known_profile(call: &Call<'_>) -> Result<(), Fault> {
    match call.text("ProfileToken").as_deref() {
        Some("profile-1") => Ok(()),
        _ => Err(Fault::sender(
            &["ter:InvalidArgVal", "ter:NoProfile"],
            "no profile has this token",
        )),
    }
}

fn media_uri(uri: &str) -> String {
    format!(
        "<trt:MediaUri><tt:Uri>{uri}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>\
         <tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri>"
    )
}

fn profile(element: &str) -> String {
    format!(
        "token=\"profile-1\" fixed=\"true\"><tt:Name>main</tt:Name>\
         <tt:VideoSourceConfiguration token=\"video-source-configuration-1\"><tt:Name>video</tt:Name>\
         <tt:UseCount>1</tt:UseCount><tt:SourceToken>video-source-1</tt:SourceToken>\
         <tt:Bounds x=\"0\" y=\"0\" width=\"1920\" height=\"1080\"/></tt:VideoSourceConfiguration>\
         <tt:VideoEncoderConfiguration token=\"encoder-1\"><tt:Name>h264</tt:Name>\
         <tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution>\
         <tt:Width>1920</tt:Width><tt:Height>1080</tt:Height></tt:Resolution>\
         <tt:Quality>5</tt:Quality><tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type>\
         <tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address><tt:Port>0</tt:Port><tt:TTL>0</tt:TTL>\
         <tt:AutoStart>false</tt:AutoStart></tt:Multicast><tt:SessionTimeout>PT60S</tt:SessionTimeout>\
         </tt:VideoEncoderConfiguration></{element}>"
    )
}
