//! Touching every lane of a bus without changing anything, and what was found in words.

use cordon_contract::Probe;
use tokio::time::Instant;

use crate::bus::Bus;
use crate::lane::Lane;
use crate::line::Line;

impl Bus {
    /// Touches each lane over a connection of its own; for a bus that is not running.
    pub(crate) async fn probe_alone(&self) -> Vec<Probe> {
        match Line::connect(&self.address, self.timeout()).await {
            Ok(mut line) => self
                .probe(&mut line)
                .await
                .unwrap_or_else(|(probes, _)| probes),
            Err(text) => self
                .lanes
                .iter()
                .map(|lane| probe(lane, Err(text.clone())))
                .collect(),
        }
    }

    pub(crate) async fn probe(&self, line: &mut Line) -> Result<Vec<Probe>, (Vec<Probe>, String)> {
        let mut probes = Vec::new();
        for lane in &self.lanes {
            let asked = Instant::now();
            let found = match line.poll(lane).await {
                Ok(found) => found,
                Err(text) => {
                    probes.push(probe(lane, Err(text.clone())));
                    let untouched = self.lanes.iter().skip(probes.len());
                    let rest: Vec<Probe> = untouched
                        .map(|lane| probe(lane, Err(text.clone())))
                        .collect();
                    probes.extend(rest);
                    return Err((probes, text));
                }
            };
            let ms = asked.elapsed().as_millis();
            let words = found.map(|signals| {
                let on: Vec<String> = signals
                    .iter()
                    .filter(|(_, on)| *on)
                    .map(|(input, _)| format!("{input:?}"))
                    .collect();
                format!("answers in {ms} ms; on: {}", on.join(", "))
            });
            probes.push(probe(lane, words));
        }
        Ok(probes)
    }
}

pub(crate) fn probe(lane: &Lane, found: Result<String, String>) -> Probe {
    let (ok, detail) = match found {
        Ok(detail) => (true, detail),
        Err(detail) => (false, detail),
    };
    Probe {
        device: lane.config.device.clone(),
        ok,
        detail,
    }
}
