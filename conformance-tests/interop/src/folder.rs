//! What is put into a prepared park's folder before the park starts.

use std::path::Path;
use std::process::Command;

/// Copies a mapping package as it is shipped, such as `json/sensor/1`, and has the hub read it. It is
/// the only one there unless another is put beside it: a program of another version may not read all.
pub fn ship(data: &Path, package: &str) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../mappings");
    let (from, to) = (shipped.join(package), data.join("mappings").join(package));
    std::fs::create_dir_all(&to).unwrap();
    for name in ["mapping.toml", "points.toml"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
    let file = data.join("park.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let key = "\nmappings = ";
    if !text.contains(key) {
        let hub = "[hub]\n";
        assert!(text.contains(hub), "{text}");
        let text = text.replacen(hub, &format!("[hub]{key}\"mappings\"\n"), 1);
        std::fs::write(&file, text).unwrap();
    }
}

/// Writes `park.toml` anew with these changes: each text must be there and is replaced once.
pub fn change_config(data: &Path, changes: &[(&str, &str)], more: &str) {
    let file = data.join("park.toml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}: {text}");
        text = text.replacen(from, to, 1);
    }
    std::fs::write(&file, text + more).unwrap();
}

/// Something is due each second, so that a park without visitors writes its journal as a busy one does.
pub fn busy(data: &Path) {
    change_config(data, &[], "\n[access]\nsnapshot_s = 1\n");
}

/// Takes out of `park.toml` the lines whose keys a program of another version does not know: what a
/// test asks of it is not whether it knows them.
pub(crate) fn forget_unknown_keys(data: &Path) {
    let file = data.join("park.toml");
    loop {
        let mut check = Command::new(crate::program());
        let output = check.args(["check", "--config"]).arg(&file).output();
        let words = crate::said(&output.unwrap());
        let Some((_, place)) = words.split_once("K003: unknown field") else {
            return;
        };
        // The next line ends with `park.toml:LINE:COLUMN`.
        let place = place.lines().nth(1).unwrap_or_default();
        let mut place = place.rsplit(':').skip(1);
        let line: Option<usize> = place.next().and_then(|line| line.parse().ok());
        let (Some(line), true) = (line, words.contains("park.toml:")) else {
            panic!("{words}");
        };
        let text = std::fs::read_to_string(&file).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        println!("not known to this program: {}", lines.remove(line - 1));
        std::fs::write(&file, lines.join("\n") + "\n").unwrap();
    }
}

/// Has the park's CA issue a certificate, into the folder of the party's id.
pub fn issue(data: &Path, role: &str, id: &str) {
    let mut command = Command::new(crate::program());
    command
        .args(["cert", "issue", "--role", role, "--id", id, "--dir"])
        .arg(data.join("certs/ca"))
        .arg("--out")
        .arg(data.join("certs").join(id));
    crate::run(&mut command);
}

/// Takes an enterprise out of the plan.
pub fn remove_partner(data: &Path, id: &str) {
    let file = data.join("park.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let entry = format!("[[plan.enterprises]]\nid = \"{id}\"");
    let (before, after) = text.split_once(&entry).unwrap();
    let (_, after) = after.split_once("[[").unwrap();
    std::fs::write(&file, format!("{before}[[{after}")).unwrap();
}
