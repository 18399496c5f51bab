//! Values that a caller sets for one call, by typed keys.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// The name and the type of a value that a caller may set for one call, with [`RunConfig::set`](crate::RunConfig::set).
///
/// A key is a constant, so that a misspelt one does not compile.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, ConfigKey, RunConfig, RunnableExt};
///
/// const FACTOR: ConfigKey<i32> = ConfigKey::new("factor");
///
/// # futures::executor::block_on(async {
/// let times = |factor| lambda(move |n: i32| n * factor);
/// let step = times(2).configurable(FACTOR, move |_, factor| times(*factor));
/// assert_eq!(step.invoke(10).await?, 20);
/// assert_eq!(step.invoke_with(10, RunConfig::new().set(FACTOR, 5)).await?, 50);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub struct ConfigKey<T> {
    name: &'static str,
    value: PhantomData<fn() -> T>,
}

impl<T> ConfigKey<T> {
    /// Makes a key. Keys of the same name and type are the same key.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ConfigKey, Configurable};
    ///
    /// const FACTOR: ConfigKey<i32> = ConfigKey::new("factor");
    ///
    /// let mut values = Configurable::default();
    /// values.set(FACTOR, 5);
    /// assert_eq!(values.get(ConfigKey::<i32>::new("factor")), Some(&5));
    /// assert_eq!(values.get(ConfigKey::<i64>::new("factor")), None);
    /// ```
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            value: PhantomData,
        }
    }

    /// Returns the name of the key.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ConfigKey, SESSION_ID};
    ///
    /// const FACTOR: ConfigKey<i32> = ConfigKey::new("factor");
    ///
    /// assert_eq!((FACTOR.name(), SESSION_ID.name()), ("factor", "session_id"));
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<T> Clone for ConfigKey<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ConfigKey<T> {}

impl<T> fmt::Debug for ConfigKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConfigKey").field(&self.name).finish()
    }
}

/// The values that a caller has set for one call, each under its key.
///
/// # Examples
///
/// ```
/// use cadena_core::{ConfigKey, Configurable};
///
/// const USER: ConfigKey<String> = ConfigKey::new("user");
///
/// let mut values = Configurable::default();
/// assert_eq!(values.get(USER), None);
/// values.set(USER, "Ann".to_owned());
/// assert_eq!(values.get(USER).map(String::as_str), Some("Ann"));
/// ```
#[derive(Clone, Default)]
pub struct Configurable {
    values: Option<Arc<Values>>,
}

type Values = HashMap<(&'static str, TypeId), Arc<dyn Any + Send + Sync>>;

impl Configurable {
    /// Sets the value of a key, in place of an earlier one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ConfigKey, Configurable};
    ///
    /// const FACTOR: ConfigKey<i32> = ConfigKey::new("factor");
    ///
    /// let mut values = Configurable::default();
    /// values.set(FACTOR, 2);
    /// values.set(FACTOR, 5);
    /// assert_eq!(values.get(FACTOR), Some(&5));
    /// ```
    pub fn set<T: Send + Sync + 'static>(&mut self, key: ConfigKey<T>, value: T) {
        let values = Arc::make_mut(self.values.get_or_insert_default());
        values.insert((key.name, TypeId::of::<T>()), Arc::new(value));
    }

    /// Returns the value of a key, if it is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ConfigKey, RunConfig};
    ///
    /// const FACTOR: ConfigKey<i32> = ConfigKey::new("factor");
    ///
    /// let config = RunConfig::new().set(FACTOR, 5);
    /// assert_eq!(config.configurable.get(FACTOR), Some(&5));
    /// assert_eq!(RunConfig::new().configurable.get(FACTOR), None);
    /// ```
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self, key: ConfigKey<T>) -> Option<&T> {
        let value = self.values.as_ref()?.get(&(key.name, TypeId::of::<T>()))?;
        value.downcast_ref()
    }

    /// Adds the values of another, which win.
    pub(crate) fn extend(&mut self, other: Self) {
        match (&mut self.values, other.values) {
            (_, None) => {}
            (own @ None, other) => *own = other,
            (Some(own), Some(other)) => {
                let other = other.iter().map(|(key, value)| (*key, Arc::clone(value)));
                Arc::make_mut(own).extend(other);
            }
        }
    }
}

impl fmt::Debug for Configurable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.values.iter().flat_map(|values| values.keys()).collect();
        names.sort_by_key(|(name, _)| *name);
        f.debug_set().entries(names.iter().map(|(name, _)| name)).finish()
    }
}
