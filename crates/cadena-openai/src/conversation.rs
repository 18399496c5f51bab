//! The messages of a request, made ready to be sent: every call of a tool has its id, and every part is allowed in its message.

mod call_ids;
pub(crate) use call_ids::with_call_ids;
mod roles;
pub(crate) use roles::{check_roles, nothing_to_send};
