//! The table as the program asks it: what it names, and whether its cameras stand where the plan says.

use std::path::PathBuf;
use std::sync::Arc;

use cordon_contract::{
    Adapter, AdapterConfig, AdapterKind, Fault, Lender, Names, against_plan, not_in_plan,
};
use cordon_model::LaneId;
use cordon_model::plan::{Device, ParkPlan};

use crate::adapter::OnvifAdapter;
use crate::config::{CameraConfig, Config};

impl AdapterKind for Config {
    const TABLE: &'static str = "onvif";
}

impl AdapterConfig for Config {
    fn name(&self) -> &str {
        &self.name
    }

    fn names(&self) -> Names {
        let mut names = Names::default();
        for (number, camera) in self.camera.iter().enumerate() {
            names.device(format!("camera[{number}].device"), &camera.device);
            names.package(format!("camera[{number}].mapping"), &camera.mapping);
            names.secret(camera.password_file.as_ref());
        }
        names
    }

    fn paths(&mut self) -> Vec<&mut PathBuf> {
        let mut paths = Vec::from_iter(&mut self.ca);
        let cameras = self.camera.iter_mut();
        paths.extend(cameras.filter_map(|camera| camera.password_file.as_mut()));
        paths
    }

    fn check(&self) -> Vec<Fault> {
        Config::check(self)
    }

    fn fits(&self, plan: &ParkPlan) -> Vec<Fault> {
        let cameras = self.camera.iter().enumerate();
        cameras
            .flat_map(|(number, camera)| fits(plan, camera, &format!("camera[{number}]")))
            .collect()
    }

    fn open(&self, lender: &dyn Lender) -> Result<Arc<dyn Adapter>, Vec<Fault>> {
        let ca = self.ca.as_deref();
        let tls = ca.map(|ca| lender.tls_client(ca, None, None)).transpose();
        let tls = tls.map_err(|fault| vec![fault])?;
        Ok(Arc::new(OnvifAdapter::new(self.clone(), tls)?))
    }
}

/// A camera watches what the plan says it watches.
fn fits(plan: &ParkPlan, camera: &CameraConfig, place: &str) -> Vec<Fault> {
    let device = plan.device(&camera.device);
    let mut faults = Vec::new();
    if let Some(lane) = &camera.lane {
        faults.extend(on_lane(plan, camera, device, lane, place));
    } else if let Some(gate) = &camera.gate
        && plan.gate(gate).is_none()
    {
        faults.push(not_in_plan("gate", gate.as_str(), format!("{place}.gate")));
    }
    if let Some(area) = &camera.area {
        let planned = device.and_then(|device| device.area.as_ref());
        if plan.area(area).is_none() {
            faults.push(not_in_plan("area", area, format!("{place}.area")));
        } else if let Some(planned) = planned.filter(|planned| *planned != area) {
            let text = format!("device `{}` stands in area `{planned}`", camera.device);
            faults.push(against_plan(format!("{place}.area"), text));
        }
    }
    faults
}

fn on_lane(
    plan: &ParkPlan,
    camera: &CameraConfig,
    device: Option<&Device>,
    id: &LaneId,
    place: &str,
) -> Vec<Fault> {
    let Some(lane) = plan.lane(id) else {
        return vec![not_in_plan("lane", id.as_str(), format!("{place}.lane"))];
    };
    let mut faults = Vec::new();
    if camera.gate.as_ref().is_some_and(|gate| *gate != lane.gate) {
        let text = format!("lane `{id}` belongs to gate `{}`", lane.gate);
        faults.push(against_plan(format!("{place}.gate"), text));
    }
    let planned = device.and_then(|device| device.lane.as_ref());
    if device.is_some() && planned != Some(id) {
        let stands = planned.map_or_else(
            || "no lane".to_owned(),
            |planned| format!("lane `{planned}`"),
        );
        let text = format!("device `{}` stands on {stands}", camera.device);
        faults.push(against_plan(format!("{place}.lane"), text));
    }
    faults
}
