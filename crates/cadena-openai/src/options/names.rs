//! The names of OpenAI's own options, for a slip in one of them.

/// The members of a request that [`ChatOptions`](cadena_core::ChatOptions) has no field for, on any of the endpoints.
pub(crate) const OPTION_NAMES: [&str; 38] = [
    "audio",
    "background",
    "best_of",
    "context_management",
    "conversation",
    "echo",
    "function_call",
    "functions",
    "include",
    "input",
    "instructions",
    "max_tool_calls",
    "messages",
    "metadata",
    "modalities",
    "moderation",
    "prediction",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "suffix",
    "text",
    "truncation",
    "user",
    "verbosity",
    "web_search_options",
    // Its fields are members of the request on Azure.
    "data_sources",
    // Names of servers that many programs ask through the same endpoint.
    "chat_template_kwargs",
    "guided_json",
    "repetition_penalty",
];

#[cfg(test)]
mod tests {
    use cadena_core::ChatOptions;
    use serde_json::Value;

    use super::OPTION_NAMES;

    /// The members of a request, by OpenAI's schema.
    fn members(schema: &Value, root: &Value) -> Vec<String> {
        let mut names = Vec::new();
        if let Some(path) = schema["$ref"].as_str() {
            let target = root.pointer(path.trim_start_matches('#')).unwrap();
            names.extend(members(target, root));
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            names.extend(members(part, root));
        }
        names.extend(
            schema["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone()),
        );
        names
    }

    #[test]
    fn every_member_of_a_request_is_known_and_none_is_a_slip_of_another() {
        for schema in [
            include_str!("../../tests/data/schemas/CreateChatCompletionRequest.json"),
            include_str!("../../tests/data/schemas/CreateResponse.json"),
        ] {
            let schema: Value = serde_json::from_str(schema).unwrap();
            let names = members(&schema, &schema);
            assert!(names.len() > 20);
            for name in names {
                let typed = ChatOptions::new().extra(name.as_str(), 1);
                assert!(
                    typed.check().is_ok() && typed.check_names(&OPTION_NAMES).is_ok(),
                    "{name}"
                );
                let slip = ChatOptions::new().extra(format!("{name}_"), 1);
                let is_refused = slip.check().and_then(|()| slip.check_names(&OPTION_NAMES)).is_err();
                assert!(is_refused || name.len() < 4, "{name}_");
            }
        }
    }
}
