//! The settings of a client, from variables and from methods.

use cadena_core::ErrorKind;

use super::*;

fn config(pairs: &[(&str, &str)]) -> Config {
    Config::from_lookup(|name| {
        pairs
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn the_older_name_of_the_base_url_comes_first_and_empty_values_do_not_count() {
    assert_eq!(config(&[]).base_url, OPENAI);
    assert_eq!(config(&[("OPENAI_BASE_URL", "http://a")]).base_url, "http://a");
    assert_eq!(
        config(&[("OPENAI_API_BASE", "http://b"), ("OPENAI_BASE_URL", "http://a")]).base_url,
        "http://b"
    );
    assert_eq!(
        config(&[("OPENAI_API_BASE", " "), ("OPENAI_BASE_URL", "http://a")]).base_url,
        "http://a"
    );
    assert!(config(&[("OPENAI_API_KEY", "")]).api_key.is_none());
}

#[test]
fn a_variable_that_is_empty_is_an_error_that_names_it_and_its_cure() {
    for (name, value, detail, hint) in [
        ("OPENAI_API_KEY", "", "is empty", "`without_api_key`"),
        ("OPENAI_API_KEY", " \n", "is empty", "set it to a key"),
        (
            "OPENAI_API_KEY",
            "sk-canary\nsk-other",
            "holds a line break",
            "one line",
        ),
        ("OPENAI_BASE_URL", "", "is empty", "unset it to ask OpenAI"),
        ("OPENAI_API_BASE", "\t", "is empty", "unset it to ask OpenAI"),
        ("OPENAI_BASE_URL", "http://a\n/v1", "holds a line break", "one line"),
        ("OPENAI_ORG_ID", "", "is empty", "unset it"),
        ("OPENAI_ORGANIZATION", "a\nb", "holds a line break", "one line"),
        ("OPENAI_PROJECT_ID", " ", "is empty", "unset it"),
    ] {
        // The first pair of a name counts.
        let pairs = [(name, value), ("OPENAI_API_KEY", "sk-abcdef")];
        let mut config = config(&pairs);
        let error = config.post("/x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert_eq!(error.detail(), format!("the environment variable `{name}` {detail}"));
        assert!(error.hint().is_some_and(|said| said.contains(hint)), "{error}");
        assert!(!format!("{error:?}").contains("canary"));
        // A recording needs no settings, but what is there must be fit to be sent.
        config.own_transport = true;
        assert_eq!(config.post("/x").is_err(), detail != "is empty", "{name}");
    }
    let azure = |name: &'static str| {
        Config::azure_from_lookup(move |asked| {
            (asked == name)
                .then(String::new)
                .or_else(|| Some("https://h".to_owned()))
        })
    };
    for name in ["AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION"] {
        let error = azure(name).post("/x").unwrap_err();
        assert_eq!(error.detail(), format!("the environment variable `{name}` is empty"));
    }
}

#[test]
fn a_setting_takes_the_place_of_a_variable_that_is_empty() {
    let mut config = config(&[("OPENAI_API_KEY", ""), ("OPENAI_BASE_URL", "")]);
    config.set_api_key("sk-abcdef".into(), Source::Method("with_api_key"));
    config.set_base_url("http://h/v1".to_owned());
    assert_eq!(config.post("/x").unwrap().url, "http://h/v1/x");
    config.forget_key();
    assert!(!config.post("/x").unwrap().headers.contains_key("authorization"));
}

#[test]
fn openai_wants_a_key_and_another_server_may_not() {
    let error = config(&[]).post("/x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains("OPENAI_API_KEY"));
    let local = config(&[("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1/")])
        .post("/x")
        .unwrap();
    assert_eq!(
        (local.url.as_str(), local.headers.len()),
        ("http://127.0.0.1:8080/v1/x", 0)
    );
}

#[test]
fn a_request_carries_the_key_marked_as_secret() {
    let pairs = [
        ("OPENAI_API_KEY", "sk-canary"),
        ("OPENAI_ORG_ID", "org-1"),
        ("OPENAI_PROJECT_ID", "p-1"),
    ];
    let request = config(&pairs).post("/x").unwrap();
    assert!(request.headers["authorization"].is_sensitive());
    assert_eq!(
        (
            &request.headers["openai-organization"],
            &request.headers["openai-project"]
        ),
        (&"org-1".parse().unwrap(), &"p-1".parse().unwrap())
    );
}

#[test]
fn a_query_stays_behind_the_path_and_out_of_sight() {
    let config = config(&[("OPENAI_BASE_URL", "https://user:pass@h:1/v1?key=abcdef")]);
    assert_eq!(config.url("/x").unwrap(), "https://user:pass@h:1/v1/x?key=abcdef");
    assert_eq!(config.shown_url(), "https://h:1/v1");
}

#[test]
fn azure_takes_its_own_names_and_a_key_before_a_token() {
    let azure = |pairs: &[(&str, &str)]| {
        Config::azure_from_lookup(|name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    let endpoint = ("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/");
    let both = azure(&[
        endpoint,
        ("AZURE_OPENAI_API_KEY", "k1"),
        ("AZURE_OPENAI_AD_TOKEN", "t1"),
    ]);
    let request = both.post(&both.path("/x", "dep")).unwrap();
    assert_eq!(request.url, "https://r.openai.azure.com/openai/v1/x");
    assert_eq!(
        (&request.headers["api-key"], request.headers.len()),
        (&"k1".parse().unwrap(), 1)
    );
    assert!(request.headers["api-key"].is_sensitive());

    let token = azure(&[
        endpoint,
        ("AZURE_OPENAI_AD_TOKEN", "t1"),
        ("OPENAI_API_VERSION", "2024-10-21"),
    ]);
    let request = token.post(&token.path("/x", "my dep")).unwrap();
    assert_eq!(
        request.url,
        "https://r.openai.azure.com/openai/deployments/my%20dep/x?api-version=2024-10-21"
    );
    assert_eq!(request.headers["authorization"], "Bearer t1");

    let nobody = azure(&[("OPENAI_API_KEY", "sk-openai"), endpoint]);
    let error = nobody.post("/x").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains("AZURE_OPENAI_API_KEY"), "{error}");
    let nowhere = azure(&[("AZURE_OPENAI_API_KEY", "k1")]).post("/x").unwrap_err();
    assert_eq!(nowhere.kind(), ErrorKind::Config);
    assert!(nowhere.to_string().contains("AZURE_OPENAI_ENDPOINT"), "{nowhere}");
}

#[test]
fn a_base_url_without_a_scheme_is_explained() {
    let error = config(&[("OPENAI_BASE_URL", "localhost:8080/v1")])
        .post("/x")
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("`localhost:8080/v1` has no scheme"));
}
