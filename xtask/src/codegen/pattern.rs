//! Reads the part of XML Schema's regular expressions that the schemas use: characters, escapes,
//! positive classes with ranges, groups, alternatives and counted repetition.

use std::iter::Peekable;
use std::str::Chars;

/// A parsed expression.
#[derive(Clone, Debug)]
pub enum Expression {
    /// One character out of these inclusive ranges.
    One(Vec<(char, char)>),
    /// All, one after the other.
    All(Vec<Expression>),
    /// Any one of them.
    Any(Vec<Expression>),
    /// At least `min` times, at most `max` times or without end.
    Repeat(Box<Expression>, u32, Option<u32>),
}

/// Parses one pattern facet.
pub fn parse(source: &str) -> Result<Expression, String> {
    let mut rest = source.chars().peekable();
    let made = alternatives(&mut rest).map_err(|problem| format!("pattern {source}: {problem}"))?;
    match rest.next() {
        None => Ok(made),
        Some(left) => Err(format!("pattern {source}: `{left}` is out of place")),
    }
}

fn alternatives(rest: &mut Peekable<Chars<'_>>) -> Result<Expression, String> {
    let mut branches = vec![branch(rest)?];
    while rest.next_if_eq(&'|').is_some() {
        branches.push(branch(rest)?);
    }
    Ok(Expression::Any(branches))
}

fn branch(rest: &mut Peekable<Chars<'_>>) -> Result<Expression, String> {
    let mut pieces = Vec::new();
    while let Some(next) = rest.peek() {
        if matches!(next, '|' | ')') {
            break;
        }
        let piece = atom(rest)?;
        pieces.push(repeated(piece, rest)?);
    }
    Ok(Expression::All(pieces))
}

fn atom(rest: &mut Peekable<Chars<'_>>) -> Result<Expression, String> {
    match rest.next() {
        Some('(') => {
            let inner = alternatives(rest)?;
            rest.next_if_eq(&')').ok_or("a group is not closed")?;
            Ok(inner)
        }
        Some('[') => class(rest),
        Some('\\') => escaped(rest).map(|one| Expression::One(vec![(one, one)])),
        Some(special @ ('.' | '?' | '*' | '+' | '{' | '}' | ']' | '^' | '$')) => {
            Err(format!("`{special}` is not supported here"))
        }
        Some(plain) => Ok(Expression::One(vec![(plain, plain)])),
        None => Err("it ends too early".to_owned()),
    }
}

fn escaped(rest: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    match rest.next() {
        Some(one) if "\\|.-^?*+{}()[]".contains(one) => Ok(one),
        other => Err(format!("escape {other:?} is not supported")),
    }
}

fn class(rest: &mut Peekable<Chars<'_>>) -> Result<Expression, String> {
    let mut ranges = Vec::new();
    loop {
        let from = match rest.next() {
            Some(']') if !ranges.is_empty() => return Ok(Expression::One(ranges)),
            Some('\\') => escaped(rest)?,
            Some(odd @ ('^' | '[' | ']' | '-')) => {
                return Err(format!("`{odd}` in a class must be escaped"));
            }
            Some(plain) => plain,
            None => return Err("a class is not closed".to_owned()),
        };
        if rest.next_if_eq(&'-').is_none() {
            ranges.push((from, from));
            continue;
        }
        let to = match rest.next() {
            Some('\\') => escaped(rest)?,
            Some(']') | None => return Err("a range has no end".to_owned()),
            Some(plain) => plain,
        };
        if to < from {
            return Err(format!("range {from}-{to} runs backwards"));
        }
        ranges.push((from, to));
    }
}

fn repeated(piece: Expression, rest: &mut Peekable<Chars<'_>>) -> Result<Expression, String> {
    let (min, max) = match rest.peek() {
        Some('?') => (0, Some(1)),
        Some('*') => (0, None),
        Some('+') => (1, None),
        Some('{') => {
            rest.next();
            return counted(piece, rest);
        }
        _ => return Ok(piece),
    };
    rest.next();
    Ok(Expression::Repeat(Box::new(piece), min, max))
}

fn counted(piece: Expression, rest: &mut Peekable<Chars<'_>>) -> Result<Expression, String> {
    let mut inside = String::new();
    loop {
        match rest.next() {
            Some('}') => break,
            Some(part) => inside.push(part),
            None => return Err("a count is not closed".to_owned()),
        }
    }
    let number = |text: &str| {
        text.parse::<u32>()
            .map_err(|_| format!("count {{{inside}}} is not a number"))
    };
    let (min, max) = match inside.split_once(',') {
        None => (number(&inside)?, Some(number(&inside)?)),
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    Ok(Expression::Repeat(Box::new(piece), min, max))
}
