//! The TLS settings: one configuration for the process, made when it is first needed, installed nowhere.

use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// Our settings. Clones share the session cache, so a second client resumes the sessions of the first.
pub(super) fn config() -> Result<ClientConfig, rustls::Error> {
    static CONFIG: OnceLock<ClientConfig> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config.clone());
    }
    // A system without certificates must not stop `http://localhost`. Over TLS nothing is trusted then.
    let config = platform().or_else(|_| {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok::<_, rustls::Error>(
            builder
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth(),
        )
    })?;
    Ok(CONFIG.get_or_init(|| config).clone())
}

/// Whether the system has certificates to trust.
pub(super) fn has_roots() -> bool {
    platform().is_ok()
}

fn platform() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_platform_verifier()?.with_no_client_auth())
}
