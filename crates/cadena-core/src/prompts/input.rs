//! Inputs of prompts from other values.

use serde::Serialize;
use serde_json::Value;

use crate::{Dict, Error, ErrorKind, Result};

impl Dict {
    /// Makes the input of a prompt from the fields of a struct, or from the entries of a map.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if the value does not serialise to an object.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatPromptTemplate, Dict};
    ///
    /// #[derive(serde::Serialize)]
    /// struct Joke<'a> {
    ///     topic: &'a str,
    /// }
    ///
    /// let prompt = ChatPromptTemplate::new().human("Tell a joke about {topic}.")?;
    /// let filled = prompt.format(&Dict::from_serialize(&Joke { topic: "bears" })?)?;
    /// assert_eq!(filled.messages[0].text(), "Tell a joke about bears.");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        match serde_json::to_value(value) {
            Ok(Value::Object(map)) => Ok(map.into()),
            Ok(_) => {
                let detail = format!("`{}` is not an object with keys", std::any::type_name::<T>());
                Err(Error::new(ErrorKind::InvalidInput, detail))
            }
            Err(error) => Err(Error::new(ErrorKind::InvalidInput, "the value has no JSON form").with_source(error)),
        }
    }
}

/// Returns an object as it is, and any other value as the value of the only variable.
pub(super) fn input_of(value: Value, variables: &[&str]) -> Result<Dict> {
    match (value, variables) {
        (Value::Object(map), _) => Ok(map.into()),
        (value, [name]) => Ok(Dict::from([(*name, value)])),
        (_, names) => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            let detail = format!(
                "a bare value fills the only variable of a prompt, and this one has {}",
                if names.is_empty() {
                    "no variables".to_owned()
                } else {
                    names.join(", ")
                }
            );
            Err(Error::new(ErrorKind::InvalidInput, detail))
        }
    }
}
