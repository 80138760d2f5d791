//! Loading policies: syntax, schema, annotations.

use std::path::Path;
use std::str::FromStr;

use cedar_policy::{Policy, PolicySet, Schema, ValidationMode, Validator};
use cordon_contract::Fault;

/// The schema every rule set is checked against.
const SCHEMA: &str = include_str!("../policies/schema.cedarschema");
/// The rule set that comes with the program.
const BUILT_IN: &str = include_str!("../policies/access.cedar");

/// A checked rule set with the text it was made of.
pub struct Loaded {
    /// The policies.
    pub policies: PolicySet,
    /// The schema.
    pub schema: Schema,
    /// The text of all files, for the digest.
    pub text: String,
    /// Each file by its name alone, with its text.
    pub files: Vec<(String, String)>,
}

/// The built-in rule set.
pub fn built_in() -> Result<Loaded, Vec<Fault>> {
    texts(&[("built-in access.cedar".to_owned(), BUILT_IN.to_owned())])
}

/// All `*.cedar` files of a folder, in the order of their names.
pub fn folder(dir: &Path) -> Result<Loaded, Vec<Fault>> {
    let unreadable = |error: &std::io::Error, path: &Path| {
        vec![
            Fault::new("P001", format!("cannot be read: {error}"))
                .at(path.display().to_string())
                .remedy("name a folder with .cedar files"),
        ]
    };
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .map_err(|error| unreadable(&error, dir))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "cedar"))
        .collect();
    files.sort();
    let mut read = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&error, &file))?;
        read.push((file.display().to_string(), text));
    }
    texts(&read)
}

/// The rule set of these texts, each under the name or path of its file.
pub fn texts(texts: &[(String, String)]) -> Result<Loaded, Vec<Fault>> {
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA)
        .map_err(|error| vec![Fault::new("P002", format!("schema: {error}"))])?;
    let mut all = PolicySet::new();
    let mut faults = Vec::new();
    let mut text = String::new();
    for (place, source) in texts {
        text.push_str(source);
        match PolicySet::from_str(source) {
            Ok(set) => set
                .policies()
                .for_each(|policy| add(&mut all, policy, place, &mut faults)),
            Err(errors) => faults.extend(errors.iter().map(|error| {
                Fault::new("P002", error.to_string())
                    .at(place.clone())
                    .remedy("correct the policy; hub/rules/policies/access.cedar has examples")
            })),
        }
    }
    if all.is_empty() && faults.is_empty() {
        faults
            .push(Fault::new("P001", "there is no rule").remedy("name a folder with .cedar files"));
    }
    let result = Validator::new(schema.clone()).validate(&all, ValidationMode::Strict);
    // A warning is a rule that can never apply: as bad as one that is wrong.
    let said = result.validation_errors().map(ToString::to_string);
    let warned = result.validation_warnings().map(ToString::to_string);
    faults.extend(said.chain(warned).map(|text| {
        Fault::new("P003", text)
            .remedy("compare with the schema in hub/rules/policies/schema.cedarschema")
    }));
    if faults.is_empty() {
        Ok(Loaded {
            policies: all,
            schema,
            text,
            files: texts
                .iter()
                .map(|(place, text)| (name_of(place), text.clone()))
                .collect(),
        })
    } else {
        Err(faults)
    }
}

/// The name of a file without its folder: where it lay is nobody's rule.
fn name_of(place: &str) -> String {
    let name = Path::new(place).file_name();
    name.map_or_else(
        || place.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Adds a policy under its `@id`; it must carry all annotations.
fn add(all: &mut PolicySet, policy: &Policy, place: &str, faults: &mut Vec<Fault>) {
    let missing = ["id", "code", "order", "clause"]
        .into_iter()
        .find(|name| policy.annotation(name).is_none_or(str::is_empty));
    let bad_order = policy
        .annotation("order")
        .is_some_and(|order| order.parse::<u32>().is_err());
    if let Some(name) = missing.or(bad_order.then_some("order")) {
        faults.push(
            Fault::new("P004", format!("a rule has no usable @{name}"))
                .at(format!("{place}: {}", policy.id()))
                .remedy("give every rule @id, @code, @order (a number) and @clause"),
        );
        return;
    }
    let id = policy.annotation("id").unwrap_or_default().to_owned();
    if all
        .add(policy.new_id(cedar_policy::PolicyId::new(&id)))
        .is_err()
    {
        faults.push(
            Fault::new("P004", format!("rule `{id}` is there twice"))
                .at(place.to_owned())
                .remedy("give each rule an @id of its own"),
        );
    }
}
