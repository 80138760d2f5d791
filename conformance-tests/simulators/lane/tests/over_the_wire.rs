//! The lane as an independent client (tokio-modbus) sees it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "test code"
)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cordon_sim_lane::{Lane, LaneFault, LaneHandle, LaneSettings};
use tokio_modbus::client::{Context, tcp};
use tokio_modbus::prelude::{Client, ExceptionCode, Reader, Writer};

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

async fn lane(faults: &[LaneFault]) -> (LaneHandle, Context) {
    let settings = LaneSettings {
        travel_ms: 200,
        faults: faults.to_vec(),
        ..LaneSettings::default()
    };
    let lane = Lane::start(settings, anywhere()).await.unwrap();
    let client = tcp::connect(lane.addr()).await.unwrap();
    (lane, client)
}

#[tokio::test]
async fn a_raise_pulse_reaches_the_up_limit() {
    let (_lane, mut client) = lane(&[]).await;
    assert_eq!(
        client.read_discrete_inputs(0, 2).await.unwrap().unwrap(),
        [false, true]
    );
    client.write_single_coil(0, true).await.unwrap().unwrap();
    client.write_single_coil(0, false).await.unwrap().unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let limits = client.read_discrete_inputs(0, 2).await.unwrap().unwrap();
        assert_ne!(limits, [true, true]);
        if limits == [true, false] {
            break;
        }
        assert!(Instant::now() < deadline, "the boom never came up");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn exceptions_and_faults_are_what_a_client_sees() {
    let (lane, mut client) = lane(&[]).await;
    let answer = client.read_holding_registers(500, 1).await.unwrap();
    assert_eq!(answer, Err(ExceptionCode::IllegalDataAddress));
    lane.fault(LaneFault::ExceptionOnRead);
    let answer = client.read_discrete_inputs(0, 1).await.unwrap();
    assert_eq!(answer, Err(ExceptionCode::ServerDeviceFailure));
    lane.mend(LaneFault::ExceptionOnRead);
    lane.fault(LaneFault::WrongTransaction);
    assert!(client.read_discrete_inputs(0, 1).await.is_err());
    lane.mend(LaneFault::WrongTransaction);
    lane.fault(LaneFault::CutsAfterWrite);
    let mut client = tcp::connect(lane.addr()).await.unwrap();
    assert!(
        client.write_single_coil(4, true).await.is_err(),
        "cut before the answer"
    );
    assert!(
        lane.state()
            .plant
            .outputs
            .contains(&cordon_sim_lane::Output::LampRed),
        "but it took effect"
    );
    let mut client = tcp::connect(lane.addr()).await.unwrap();
    assert!(
        client.write_single_coil(4, false).await.unwrap().is_ok(),
        "the cut happens once"
    );
    client.disconnect().await.unwrap();
}

#[tokio::test]
async fn a_cut_closes_connections_and_welcomes_new_ones() {
    let (lane, mut client) = lane(&[]).await;
    // The answer shows that the connection was taken, not only queued.
    assert_eq!(client.read_coils(0, 1).await.unwrap().unwrap(), [false]);
    lane.cut();
    assert!(client.read_coils(0, 1).await.is_err());
    let mut client = tcp::connect(lane.addr()).await.unwrap();
    assert_eq!(client.read_coils(0, 1).await.unwrap().unwrap(), [false]);
}
