//! Mends one notification that is no XML, by rule and without guessing. Pure.
//!
//! What is mended: letters that XML forbids and `&` that begins no reference (at the beginning and at the end of
//! a value they are dropped: a buffer's NUL is no part of a plate; in the middle U+FFFD and `&amp;` stand for
//! them), `<` that begins no tag, prefixes that nobody declared (a namespace of no meaning), the second of two attributes of
//! one name, and what lies deeper than anything is looked for. Tags that do not fit one another are not: what
//! belongs where would be a guess. Only for what devices say; what is signed is read to the letter.

use std::collections::BTreeSet;

use cordon_xml::{Document, Limits};

/// Elements deeper than this in a notification are left out; nothing is looked for so deep.
const DEPTH_MAX: usize = 40;
/// Most namespace declarations put around a notification.
const PREFIXES_MAX: usize = 200;
/// Largest notification that is mended, bytes.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// The namespace of a prefix that nobody declared.
const UNDECLARED: &str = "urn:cordon:undeclared:";

/// A notification as XML.
#[derive(Debug)]
pub(crate) struct Mended {
    /// An element with the notification in it.
    pub(crate) document: Document,
    /// What was mended, in words; empty when it was sound by itself.
    pub(crate) why: Vec<&'static str>,
}

/// Declarations of the tags before the first notification: prefix and namespace, as written.
pub(crate) fn declared(head: &[u8]) -> Vec<(String, String)> {
    let head = String::from_utf8_lossy(head.get(..16 * 1024).unwrap_or(head));
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = &*head;
    while let Some((_, after)) = rest.split_once("xmlns") {
        rest = after;
        let Some((name, after)) = after.split_once('=') else {
            break;
        };
        let prefix = match name.trim().strip_prefix(':') {
            Some(prefix) => prefix,
            None if name.trim().is_empty() => "",
            None => continue,
        };
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let Some(value) = quote.and_then(|quote| after.get(1..)?.split(quote).next()) else {
            continue;
        };
        let is_plain = !value.contains(['<', '&', '"']) && !value.is_empty();
        let is_lawful = prefix.is_empty() || is_name(prefix) && !prefix.starts_with("xml");
        if !is_plain || !is_lawful || found.len() >= PREFIXES_MAX {
            continue;
        }
        // The innermost of a prefix counts.
        found.retain(|(known, _)| known != prefix);
        found.push((prefix.to_owned(), value.to_owned()));
    }
    found
}

/// Reads a notification, mended where it must be. The error says what stands against it.
pub(crate) fn mend(bytes: &[u8], declared: &[(String, String)]) -> Result<Mended, String> {
    if bytes.len() > BYTES_MAX {
        return Err(format!("a notification of {} bytes", bytes.len()));
    }
    let text = String::from_utf8_lossy(bytes);
    let mut mender = Mender::new(&text);
    if matches!(text, std::borrow::Cow::Owned(_)) {
        mender.mended("bytes that are not UTF-8");
    }
    mender.run()?;
    let mut whole = String::with_capacity(mender.out.len() + 1_024);
    whole.push_str("<notification");
    for (prefix, namespace) in declared {
        let colon = if prefix.is_empty() { "" } else { ":" };
        whole.push_str(&format!(" xmlns{colon}{prefix}=\"{namespace}\""));
    }
    let is_known = |prefix: &&String| !declared.iter().any(|(known, _)| known == *prefix);
    for prefix in mender.used.iter().filter(is_known) {
        whole.push_str(&format!(" xmlns:{prefix}=\"{UNDECLARED}{prefix}\""));
        if !mender.declared.contains(prefix) {
            mender.why.insert("a prefix that is not declared");
        }
    }
    whole.push('>');
    whole.push_str(&mender.out);
    whole.push_str("</notification>");
    let limits = Limits {
        bytes_max: whole.len().max(1),
        attributes_max: 255,
        ..Limits::default()
    };
    let document = Document::parse(whole, &limits).map_err(|fault| fault.to_string())?;
    Ok(Mended {
        document,
        why: mender.why.into_iter().collect(),
    })
}

struct Mender<'a> {
    rest: &'a str,
    out: String,
    /// Elements that are open, and from which depth on they are left out.
    depth: usize,
    used: BTreeSet<String>,
    declared: BTreeSet<String>,
    why: BTreeSet<&'static str>,
    /// The text that is being written; comments and sections do not end it.
    run: Run,
}

/// A value as it is written.
#[derive(Debug, Default)]
struct Run {
    /// Whether a letter that means something was written.
    is_begun: bool,
    /// What is dropped if nothing comes behind it, and the white space in it.
    held: String,
}

impl Run {
    fn letter(&mut self, written: &str, out: &mut String) {
        out.push_str(&self.held);
        self.held.clear();
        self.is_begun = true;
        out.push_str(written);
    }

    fn space(&mut self, c: char, out: &mut String) {
        match self.held.is_empty() {
            true => out.push(c),
            false => self.held.push(c),
        }
    }

    /// What belongs to the value only between letters.
    fn doubtful(&mut self, stands_for: &str) {
        if self.is_begun {
            self.held.push_str(stands_for);
        }
    }

    fn end(&mut self, out: &mut String) {
        out.extend(self.held.chars().filter(|c| c.is_whitespace()));
        *self = Self::default();
    }
}

impl<'a> Mender<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            out: String::with_capacity(text.len() + text.len() / 8),
            depth: 0,
            used: BTreeSet::new(),
            declared: BTreeSet::new(),
            why: BTreeSet::new(),
            run: Run::default(),
        }
    }

    fn mended(&mut self, why: &'static str) {
        self.why.insert(why);
    }

    fn run(&mut self) -> Result<(), String> {
        while !self.rest.is_empty() {
            let len = self.rest.find('<').unwrap_or(self.rest.len());
            let (text, rest) = self.rest.split_at(len);
            self.text(text);
            self.rest = rest;
            if !rest.is_empty() {
                self.markup()?;
            }
        }
        self.run.end(&mut self.out);
        Ok(())
    }

    /// Whether what is here is written: not deeper than anything is looked for.
    fn writes(&self) -> bool {
        self.depth <= DEPTH_MAX
    }

    fn text(&mut self, text: &str) {
        if self.writes() {
            let (mut out, mut run) = (std::mem::take(&mut self.out), std::mem::take(&mut self.run));
            self.letters(text, &mut run, &mut out);
            (self.out, self.run) = (out, run);
        }
    }

    /// Something that begins with `<`.
    fn markup(&mut self) -> Result<(), String> {
        let rest = self.rest;
        if let Some(inside) = rest.strip_prefix("<!--") {
            return self.skip(inside, "-->");
        }
        if let Some(inside) = rest.strip_prefix("<![CDATA[") {
            let (data, after) = inside
                .split_once("]]>")
                .ok_or("a CDATA section does not end")?;
            // As text it says the same, and nothing in it ends a section.
            for part in data.split_inclusive(['<', '&']) {
                let plain = part.trim_end_matches(['<', '&']);
                self.text(plain);
                match part.get(plain.len()..) {
                    Some("<") => self.letter("&lt;"),
                    Some("&") => self.letter("&amp;"),
                    _ => {}
                }
            }
            self.rest = after;
            return Ok(());
        }
        if let Some(inside) = rest.strip_prefix("<?") {
            self.mended("a processing instruction");
            return self.skip(inside, "?>");
        }
        if let Some(inside) = rest.strip_prefix("</") {
            return self.end_tag(inside);
        }
        let after = rest.get(1..).unwrap_or_default();
        if after.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return self.start_tag(after);
        }
        self.mended("a `<` that begins no tag");
        self.letter("&lt;");
        self.rest = after;
        Ok(())
    }

    /// A letter of the text, as it is written.
    fn letter(&mut self, written: &str) {
        if self.writes() {
            self.run.letter(written, &mut self.out);
        }
    }

    fn skip(&mut self, inside: &'a str, end: &str) -> Result<(), String> {
        let (_, after) = inside
            .split_once(end)
            .ok_or_else(|| format!("nothing ends what `{end}` should end"))?;
        self.rest = after;
        Ok(())
    }

    fn end_tag(&mut self, inside: &'a str) -> Result<(), String> {
        let (name, after) = inside.split_once('>').ok_or("an end tag does not end")?;
        let name = self.name(name.trim())?;
        self.run.end(&mut self.out);
        if self.writes() {
            self.out.push_str(&format!("</{name}>"));
        }
        self.depth = self
            .depth
            .checked_sub(1)
            .ok_or("more is ended than begun")?;
        self.rest = after;
        Ok(())
    }

    fn start_tag(&mut self, inside: &'a str) -> Result<(), String> {
        let ends = |c: char| c.is_whitespace() || matches!(c, '>' | '/');
        let len = inside.find(ends).ok_or("a tag does not end")?;
        let (name, mut rest) = inside.split_at(len);
        self.run.end(&mut self.out);
        self.depth += 1;
        let name = self.name(name)?;
        let mut tag = format!("<{name}");
        let mut seen = BTreeSet::new();
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix('>') {
                tag.push('>');
                self.put(&tag);
                self.rest = after;
                return Ok(());
            }
            if let Some(after) = rest.strip_prefix("/>") {
                tag.push_str("/>");
                self.put(&tag);
                self.depth -= 1;
                self.rest = after;
                return Ok(());
            }
            let (name, value, after) = attribute(rest)?;
            rest = after;
            if seen.insert(name) {
                self.attribute(name, value, &mut tag)?;
            } else {
                self.mended("an attribute that is there twice");
            }
        }
    }

    fn put(&mut self, tag: &str) {
        match self.writes() {
            true => self.out.push_str(tag),
            false => self.mended("elements that lie too deep"),
        }
    }

    fn attribute(&mut self, name: &str, value: &str, tag: &mut String) -> Result<(), String> {
        let declares = name
            .strip_prefix("xmlns:")
            .or((name == "xmlns").then_some(""));
        match declares {
            // Nothing may be bound to no namespace, or to that of the language itself.
            Some(prefix) if value.is_empty() && !prefix.is_empty() || prefix.starts_with("xml") => {
                self.mended("a declaration that means nothing");
                return Ok(());
            }
            Some(prefix) if is_name(prefix) => {
                self.declared.insert(prefix.to_owned());
            }
            Some(_) => {}
            None => {
                self.name(name)?;
            }
        }
        tag.push(' ');
        tag.push_str(name);
        tag.push_str("=\"");
        let mut run = Run::default();
        self.letters(value, &mut run, tag);
        run.end(tag);
        tag.push('"');
        Ok(())
    }

    /// Notes the prefix of a name.
    fn name<'n>(&mut self, name: &'n str) -> Result<&'n str, String> {
        let shown = || name.chars().take(40).collect::<String>();
        let Some((prefix, local)) = name.split_once(':') else {
            let lawful = is_name(name);
            return lawful
                .then_some(name)
                .ok_or_else(|| format!("`{}` is no name", shown()));
        };
        if !is_name(prefix) || !is_name(local) {
            return Err(format!("`{}` is no name", shown()));
        }
        if prefix != "xml" && !self.used.contains(prefix) {
            if self.used.len() >= PREFIXES_MAX || prefix.starts_with("xml") {
                return Err(format!("too many prefixes, or one like `{prefix}`"));
            }
            self.used.insert(prefix.to_owned());
        }
        Ok(name)
    }

    /// Writes letters as XML has them.
    fn letters(&mut self, text: &str, run: &mut Run, out: &mut String) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = rest.get(c.len_utf8()..).unwrap_or_default();
            rest = after;
            match c {
                '&' => rest = self.reference(after, run, out),
                '<' => {
                    self.mended("a `<` that begins no tag");
                    run.letter("&lt;", out);
                }
                '>' => run.letter("&gt;", out),
                '"' => run.letter("&quot;", out),
                c if c.is_whitespace() && is_lawful(c) => run.space(c, out),
                c if is_lawful(c) => run.letter(c.encode_utf8(&mut [0; 4]), out),
                _ => self.forbidden(run),
            }
        }
    }

    fn forbidden(&mut self, run: &mut Run) {
        self.mended("letters that XML forbids");
        run.doubtful("\u{fffd}");
    }

    /// Writes what a `&` begins; what comes behind it.
    fn reference<'t>(&mut self, after: &'t str, run: &mut Run, out: &mut String) -> &'t str {
        // No reference is longer; letters are counted, so that a text without `;` costs one pass.
        let semicolon = after.char_indices().take(12).find(|(_, c)| *c == ';');
        let inside = semicolon.and_then(|(len, _)| after.get(..len));
        let behind = semicolon.and_then(|(len, _)| after.get(len + 1..));
        let (Some(inside), Some(behind)) = (inside, behind) else {
            return self.bare(after, run);
        };
        if matches!(inside, "amp" | "lt" | "gt" | "quot" | "apos") {
            run.letter(&format!("&{inside};"), out);
            return behind;
        }
        let Some(number) = inside.strip_prefix('#') else {
            // A name that XML does not know: it stands as it was written, its `&` too.
            if !is_name(inside) {
                return self.bare(after, run);
            }
            self.mended("a `&` that begins no reference");
            run.letter("&amp;", out);
            return after;
        };
        let code = match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => number.parse(),
        };
        let known = code.ok().and_then(char::from_u32).filter(|c| is_lawful(*c));
        match known {
            Some(_) => run.letter(&format!("&{inside};"), out),
            None => self.forbidden(run),
        }
        behind
    }

    fn bare<'t>(&mut self, after: &'t str, run: &mut Run) -> &'t str {
        self.mended("a `&` that begins no reference");
        run.doubtful("&amp;");
        after
    }
}

/// The attribute that a text begins with: its name, its value, and what comes behind it.
fn attribute(text: &str) -> Result<(&str, &str, &str), String> {
    let (name, rest) = text.split_once('=').ok_or("an attribute without a value")?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let quote = quote.ok_or("an attribute's value without quotes")?;
    let (value, after) = rest
        .get(1..)
        .and_then(|rest| rest.split_once(quote))
        .ok_or("an attribute's value does not end")?;
    Ok((name.trim_end(), value, after))
}

fn is_name(text: &str) -> bool {
    let begins = |c: char| c.is_alphabetic() || c == '_';
    let within = |c: char| begins(c) || c.is_alphanumeric() || matches!(c, '-' | '.');
    (1..=200).contains(&text.len()) && text.starts_with(begins) && text.chars().all(within)
}

/// Whether XML 1.0 allows a letter.
fn is_lawful(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::{declared, mend};
    use crate::soap::below;

    const HEAD: &str = "<s:E xmlns:s='urn:s' xmlns:n = \"urn:n\"><s:B>";

    fn value(item: &str) -> Result<(String, Vec<&'static str>), String> {
        let text = format!("<n:NotificationMessage><D>{item}</D></n:NotificationMessage>");
        let mended = mend(text.as_bytes(), &declared(HEAD.as_bytes()))?;
        let message = below(mended.document.root(), "NotificationMessage").unwrap();
        let item = below(below(message, "D").unwrap(), "I").unwrap();
        let value = item.attribute("", "V").unwrap_or_else(|| item.text());
        Ok((value.into_owned(), mended.why))
    }

    #[test]
    fn what_firmware_writes_is_mended() {
        for (item, wanted) in [
            ("<I V='a&b'/>", "a&b"),
            ("<I V='Tor & Hof'/>", "Tor & Hof"),
            ("<I V='a&#0;b'/>", "a\u{fffd}b"),
            ("<I V='a&#1;b'/>", "a\u{fffd}b"),
            ("<I V='a\u{1}b'/>", "a\u{fffd}b"),
            ("<I V='苏K10001&#0;'/>", "苏K10001"),
            ("<I V='\0&#x0;in1\u{3}\u{1} &#0;'/>", "in1 "),
            ("<I V='true&'/>", "true"),
            ("<I V='& true & 1'/>", " true & 1"),
            ("<I V='&#0;&'/>", ""),
            (
                "<I>\0a<!-- & -->\0b<![CDATA[c\0]]>&#0;\n</I>",
                "a\u{fffd}bc\n",
            ),
            ("<I V='a&amp;&'/>", "a&"),
            ("<I V='&nbsp;'/>", "&nbsp;"),
            ("<I V='1 < 2'/>", "1 < 2"),
            ("<I>1 < 2 & 3</I>", "1 < 2 & 3"),
            ("<I V='x'/><ven:X ven:y='1'/>", "x"),
            ("<I V='x' V='y'/>", "x"),
        ] {
            let (text, why) = value(item).unwrap();
            assert_eq!(text, wanted, "{item}");
            assert!(!why.is_empty(), "{item}");
        }
        let deep = format!("<I V='x'/>{}{}", "<a>".repeat(300), "</a>".repeat(300));
        assert_eq!(value(&deep).unwrap().0, "x");
    }

    #[test]
    fn what_is_sound_is_not_touched() {
        for (item, wanted) in [
            ("<I V='&amp;&#65;&#x82CF;&lt;\"'/>", "&A苏<\""),
            ("<I><![CDATA[a&b <c>]]>d</I>", "a&b <c>d"),
            ("<I xmlns:q='urn:q' q:z='1' V='x'><!-- & --></I>", "x"),
        ] {
            assert_eq!(value(item).unwrap(), (wanted.to_owned(), vec![]), "{item}");
        }
    }

    #[test]
    fn what_would_be_a_guess_is_not_mended() {
        for item in [
            "<I V='x'/></D>",
            "<I V='x'><J></I></J>",
            "<I V='x>",
            "<I V=x/>",
            "<I V='x'/><![CDATA[",
            "<I V='x'/><1a/><a:b:c/>",
        ] {
            assert!(value(item).is_err(), "{item}");
        }
    }
}
