//! `cordon simulate`: the house's simulators by hand, to rehearse an examination or an integration.

use std::net::SocketAddr;
use std::path::PathBuf;

use cordon_sim_camera::{Camera, Mutant, Settings};
use cordon_sim_lane::{Lane, LaneFault, LaneSettings};
use serde_json::{Value, json};

use super::{interrupted, runtime};
use crate::exit::{Ending, FAILED, USAGE};

/// Run a simulated device until Ctrl-C; its address is printed as one line of JSON.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// A virtual ONVIF camera
    #[command(
        after_help = "Example:\n  cordon simulate camera --listen 127.0.0.1:8081 --quirk digest_only=true"
    )]
    Camera(CameraArgs),
    /// A barrier lane behind Modbus TCP, with the register map of the shipped profiles
    #[command(
        after_help = "Example:\n  cordon simulate lane --listen 127.0.0.1:5020 --fault ignores_photocell"
    )]
    Lane(LaneArgs),
}

/// Arguments of `camera`.
#[derive(clap::Args, Debug)]
pub struct CameraArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A deviation that real cameras show, as name=value; may be repeated
    #[arg(long)]
    quirk: Vec<String>,
    /// A fault that fails one case of the examination
    #[arg(long)]
    mutant: Option<String>,
    /// Who may log in
    #[arg(long, default_value = "admin")]
    user: String,
    /// File with the password on its first line; `cordon-camera` when not given
    #[arg(long)]
    password_file: Option<PathBuf>,
}

/// Arguments of `lane`.
#[derive(clap::Args, Debug)]
pub struct LaneArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A fault from the start; may be repeated
    #[arg(long)]
    fault: Vec<String>,
    /// Milliseconds of a full travel of the boom
    #[arg(long, default_value_t = 1_200)]
    travel_ms: u32,
}

/// Runs the command.
pub fn run(command: &Command) -> Result<(), Ending> {
    runtime()?.block_on(async {
        match command {
            Command::Camera(args) => camera(args).await,
            Command::Lane(args) => lane(args).await,
        }
    })
}

async fn camera(args: &CameraArgs) -> Result<(), Ending> {
    let mut settings = Settings {
        rehearsal: true,
        ..Settings::default()
    };
    for quirk in &args.quirk {
        let (name, value) = quirk
            .split_once('=')
            .ok_or_else(|| Ending::new(USAGE, format!("`{quirk}` is not name=value")))?;
        settings
            .quirks
            .set(name, value)
            .map_err(|error| Ending::new(USAGE, error.to_string()))?;
    }
    if let Some(name) = &args.mutant {
        let names = Mutant::ALL.map(Mutant::name).join(", ");
        let mutant = Mutant::named(name)
            .ok_or_else(|| Ending::new(USAGE, format!("no mutant `{name}`; there are {names}")))?;
        settings.mutant = Some(mutant);
    }
    for user in &mut settings.users {
        user.name.clone_from(&args.user);
        if let Some(file) = &args.password_file {
            user.password = password(file)?;
        }
    }
    let camera = Camera::start(settings, args.listen)
        .await
        .map_err(|error| taken(args.listen, &error))?;
    announce(&json!({
        "kind": "camera", "address": camera.addr().to_string(), "url": camera.device_service(),
        "stimulus": format!("http://{}/rehearsal", camera.addr()),
    }))
    .await
}

async fn lane(args: &LaneArgs) -> Result<(), Ending> {
    let mut faults = Vec::new();
    for name in &args.fault {
        let fault: LaneFault = serde_json::from_value(Value::String(name.clone()))
            .map_err(|error| Ending::new(USAGE, format!("no fault `{name}`: {error}")))?;
        faults.push(fault);
    }
    let settings = LaneSettings {
        travel_ms: args.travel_ms.max(1),
        faults,
        ..LaneSettings::default()
    };
    let lane = Lane::start(settings, args.listen)
        .await
        .map_err(|error| taken(args.listen, &error))?;
    announce(&json!({"kind": "lane", "address": lane.addr().to_string()})).await
}

/// The first line of a password file.
pub fn password(file: &std::path::Path) -> Result<String, Ending> {
    let text = std::fs::read_to_string(file).map_err(|error| Ending::file(file, &error))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn taken(listen: SocketAddr, error: &dyn std::fmt::Display) -> Ending {
    Ending::new(FAILED, format!("cannot listen on {listen}: {error}"))
}

/// Tells where it is and waits for Ctrl-C.
async fn announce(what: &Value) -> Result<(), Ending> {
    show!("{what}");
    interrupted().await
}
