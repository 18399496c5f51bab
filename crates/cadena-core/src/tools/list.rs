//! Several tools, of several types.

use std::collections::HashSet;

use super::AnyTool;
use crate::{Error, ErrorKind, Result};

/// Several tools, of several types: a tuple, an array or a `Vec` of tools.
///
/// # Examples
///
/// ```
/// use cadena_core::{tool_fn, AnyTool, IntoTools, ToolContext};
/// use serde_json::{Value, json};
///
/// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok(12) });
/// let search = AnyTool::from_schema(json!({"type": "web_search"}))?;
/// assert_eq!((now, search).into_tools().len(), 2);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list of tools",
    label = "not tools",
    note = "give a tuple `(add, subtract)`, one tool as `(add,)`, an array or a `Vec` of tools"
)]
pub trait IntoTools {
    /// Returns the tools, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AnyTool, IntoTools};
    /// use serde_json::json;
    ///
    /// let search = AnyTool::from_schema(json!({"type": "web_search"}))?;
    /// assert_eq!((search,).into_tools()[0].name(), "web_search");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    fn into_tools(self) -> Vec<AnyTool>;
}

impl<T: Into<AnyTool>> IntoTools for Vec<T> {
    fn into_tools(self) -> Vec<AnyTool> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<T: Into<AnyTool>, const N: usize> IntoTools for [T; N] {
    fn into_tools(self) -> Vec<AnyTool> {
        self.into_iter().map(Into::into).collect()
    }
}

impl IntoTools for &[AnyTool] {
    fn into_tools(self) -> Vec<AnyTool> {
        self.to_vec()
    }
}

impl IntoTools for () {
    fn into_tools(self) -> Vec<AnyTool> {
        Vec::new()
    }
}

macro_rules! tuple_of_tools {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Into<AnyTool>),*> IntoTools for ($($name,)*) {
            fn into_tools(self) -> Vec<AnyTool> {
                vec![$(self.$index.into()),*]
            }
        }
    };
}

tuple_of_tools!(A 0);
tuple_of_tools!(A 0, B 1);
tuple_of_tools!(A 0, B 1, C 2);
tuple_of_tools!(A 0, B 1, C 2, D 3);
tuple_of_tools!(A 0, B 1, C 2, D 3, E 4);
tuple_of_tools!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple_of_tools!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple_of_tools!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// The tools, if each has a name that no other has.
pub(crate) fn unique(tools: impl IntoTools) -> Result<Vec<AnyTool>> {
    let tools = tools.into_tools();
    let mut names = HashSet::new();
    for tool in &tools {
        if tool.name().is_empty() {
            return Err(Error::new(ErrorKind::InvalidInput, "a tool has no name"));
        }
        if !names.insert(tool.name()) {
            let detail = format!("two tools are called `{}`", tool.name());
            return Err(Error::new(ErrorKind::InvalidInput, detail).with_hint("rename one with `AnyTool::with_name`"));
        }
    }
    Ok(tools)
}

/// The names as an error shows them: `` `add`, `now` ``.
pub(crate) fn known_names(tools: &[AnyTool]) -> String {
    let names: Vec<_> = tools.iter().map(|tool| format!("`{}`", tool.name())).collect();
    names.join(", ")
}
