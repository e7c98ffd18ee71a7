//! TLS for one target: which roots are trusted, and who we are.
//!
//! In: the author's certificates. Out: a rustls configuration on the `ring` provider. The machine's roots are read from
//! disk only for an `https` target. Nothing here can switch the checking of certificates off.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};

use super::error::SetupError;
use super::given::Given;

/// What the author says about TLS.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// PEM certificates that are trusted besides the machine's roots (`--ca-cert`).
    pub ca_certificates: Option<Vec<u8>>,
    /// Our own certificate, for servers that ask for one (`--client-cert`, `--client-key`).
    pub identity: Option<ClientIdentity>,
}

/// A client certificate with its key.
#[derive(Debug, Clone)]
pub struct ClientIdentity {
    /// The PEM certificate chain, our own first.
    pub certificates: Vec<u8>,
    /// The PEM private key.
    pub key: SecretString,
}

/// The configuration for a target; `is_https` says whether roots are needed.
pub(super) fn configuration(options: &TlsOptions, is_https: bool) -> Result<ClientConfig, SetupError> {
    let roots = if is_https { roots(options)? } else { RootCertStore::empty() };
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError::Tls(error.to_string()))?;
    let given = options.ca_certificates.as_deref().filter(|_| is_https).map(certificates).transpose();
    let builder = match given.map_err(SetupError::CaCertificate)? {
        None => builder.with_root_certificates(roots),
        Some(given) => {
            let verifier = Given::new(roots, given, provider).map_err(SetupError::Tls)?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let Some(identity) = &options.identity else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(&identity.certificates).map_err(SetupError::ClientCertificate)?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.expose_secret().as_bytes())
        .map_err(|_| SetupError::ClientCertificate("the key is no PEM private key".to_owned()))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| {
        SetupError::ClientCertificate(match error {
            rustls::Error::InconsistentKeys(_) => "the key is that of another certificate".to_owned(),
            other => other.to_string(),
        })
    })
}

/// The machine's roots and the author's; one unreadable file among the machine's is no error, none at all is.
fn roots(options: &TlsOptions) -> Result<RootCertStore, SetupError> {
    let mut store = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    store.add_parsable_certificates(native.certs);
    if let Some(pem) = &options.ca_certificates {
        for certificate in certificates(pem).map_err(SetupError::CaCertificate)? {
            store.add(certificate).map_err(|error| SetupError::CaCertificate(error.to_string()))?;
        }
    }
    if store.is_empty() { Err(SetupError::NoRoots) } else { Ok(store) }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err("it holds no PEM certificate".to_owned()),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("it is not PEM: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ca_file_without_a_certificate_says_so() {
        for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nzzz\n"] {
            let options = TlsOptions { ca_certificates: Some(text.into()), identity: None };
            let error = configuration(&options, true).expect_err("no certificate");
            assert!(matches!(error, SetupError::CaCertificate(_) | SetupError::NoRoots), "{error}");
        }
    }

    #[test]
    fn a_plain_http_target_needs_no_roots() {
        assert!(configuration(&TlsOptions::default(), false).is_ok());
    }

    #[test]
    fn a_bad_client_key_is_named_without_showing_it() {
        let identity = ClientIdentity { certificates: b"x".to_vec(), key: "hunter2".into() };
        let options = TlsOptions { ca_certificates: None, identity: Some(identity) };
        let error = configuration(&options, false).expect_err("no key").to_string();
        assert!(error.contains("client certificate") && !error.contains("hunter2"), "{error}");
    }
}
