//! The page's files, embedded; nothing is fetched from elsewhere.

/// A file of the page: its type and text.
pub struct File {
    /// Its media type.
    pub media: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Looks a file up by its path.
pub fn file(path: &str) -> Option<File> {
    let (media, text) = match path {
        "/" => (
            "text/html; charset=utf-8",
            include_str!("../web/index.html"),
        ),
        "/page.css" => ("text/css; charset=utf-8", include_str!("../web/page.css")),
        "/page.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../web/page.js"),
        ),
        "/words.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../web/words.js"),
        ),
        "/icon.svg" | "/favicon.ico" => ("image/svg+xml", include_str!("../web/icon.svg")),
        _ => return None,
    };
    Some(File { media, text })
}
