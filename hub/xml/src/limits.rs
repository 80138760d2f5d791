//! How much a document may hold before it is refused.

/// Limits of one document. Reaching one refuses the document with its own code; nothing is cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Largest document in bytes; never more than 4 GiB, whatever is written here.
    pub bytes_max: usize,
    /// Deepest nesting; the root element has depth 1.
    pub depth_max: usize,
    /// Most elements and text pieces together, and most attributes in all.
    pub nodes_max: usize,
    /// Most attributes and, separately, most namespace declarations of one element; never more than
    /// 255, whatever is written here.
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
/// Longest namespace name in bytes. The canonical form repeats it, so it must not be a document's
/// main part.
pub(crate) const NAMESPACE_BYTES_MAX: usize = 1_024;
/// Most different namespace names in one document.
pub(crate) const NAMESPACES_MAX: usize = 256;
/// Most different prefixes declared in one document; some stacks make a new one for each value.
pub(crate) const PREFIXES_MAX: usize = 4_096;
/// Most namespace declarations in scope at one element.
pub(crate) const SCOPE_MAX: usize = 256;
