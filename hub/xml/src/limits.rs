//! How much a document may hold before it is refused.

/// Limits of one document. Reaching one refuses the document with its own code; nothing is cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Largest document in bytes; never more than 4 GiB, whatever is written here.
    pub bytes_max: usize,
    /// Deepest nesting; the root element has depth 1.
    pub depth_max: usize,
    /// Most elements and text pieces together.
    pub nodes_max: usize,
    /// Most attributes and, separately, most namespace declarations of one element.
    pub attributes_max: usize,
}

impl Default for Limits {
    /// 8 MiB, depth 64, 400 000 nodes, 64 attributes.
    fn default() -> Self {
        Self {
            bytes_max: 8 * 1024 * 1024,
            depth_max: 64,
            nodes_max: 400_000,
            attributes_max: 64,
        }
    }
}

/// Longest element or attribute name in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 512;
/// Most different namespace names in one document.
pub(crate) const NAMESPACES_MAX: usize = 256;
/// Most namespace declarations in scope at one element.
pub(crate) const SCOPE_MAX: usize = 256;
