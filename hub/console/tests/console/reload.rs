//! A configuration that is taken up while the page is open.

use std::sync::Arc;

use cordon_console::{NotReloaded, Reloaded};
use cordon_model::plan::ParkPlan;
use serde_json::{Value, json};

use crate::played::Bench;

#[tokio::test]
async fn a_reload_is_asked_for_in_somebodys_name_and_answered_with_what_came_of_it() {
    let bench = Bench::start().await;
    let (status, text) = bench
        .post("/api/reload", r#"{"ordered_by":" shift leader "}"#)
        .await;
    let reloaded: Reloaded = serde_json::from_str(&text).unwrap();
    assert_eq!((status, reloaded.changed[0].part.as_str()), (200, "plan"));
    assert_eq!(reloaded.kept, ["exchange.listen"]);
    let (status, text) = bench.post("/api/reload", "{}").await;
    let refused: NotReloaded = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 409);
    let fault = &refused.faults[0];
    assert_eq!(
        (
            fault.code.as_str(),
            fault.place.as_str(),
            fault.remedy.as_str()
        ),
        ("K011", "park.toml:7:1", "name one")
    );
    let long = json!({ "ordered_by": "x".repeat(65) }).to_string();
    for bad in [
        long.as_str(),
        r#"{"ordered_by":" "}"#,
        r#"{"file":"/etc/passwd"}"#,
    ] {
        assert_eq!(bench.post("/api/reload", bad).await.0, 400, "{bad}");
    }
    let asked = bench.desk.reloads.lock().unwrap().clone();
    assert_eq!(asked, [Some("shift leader".to_owned()), None]);
}

#[tokio::test]
async fn the_page_shows_the_plan_that_holds_and_orders_go_to_its_barriers() {
    let bench = Bench::start().await;
    let order = |lane: &str| {
        json!({"lane": lane, "action": "lower", "ordered_by": "duty", "reason": "drill"})
            .to_string()
    };
    assert_eq!(bench.post("/api/barrier", &order("L-02")).await.0, 400);
    let plan: ParkPlan = serde_json::from_value(json!({
        "code": "P-1", "name": "another name",
        "gates": [{"id": "G-02", "name": "east", "class": "ORDINARY"}],
        "lanes": [{"id": "L-02", "gate": "G-02"}],
        "devices": [{"id": "BR-02", "kind": "BARRIER", "lane": "L-02"}],
    }))
    .unwrap();
    bench.plan.send_replace(Arc::new(plan));
    let shown = loop {
        let (_, text) = bench.get("/api/view").await;
        let view: Value = serde_json::from_str(&text).unwrap();
        if view["park_name"] == "another name" {
            break view;
        }
    };
    assert_eq!(shown["lanes"].as_array().unwrap().len(), 1);
    assert_eq!(shown["lanes"][0]["gate_name"], "east");
    assert_eq!(bench.post("/api/barrier", &order("L-02")).await.0, 200);
    assert_eq!(bench.post("/api/barrier", &order("L-01")).await.0, 400);
}
