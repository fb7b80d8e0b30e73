//! The HTTP client that every source speaks through: bounded in time, size and rate, and silent about keys.

use crate::error::SourceError;
use crate::secret::{SecretTemplate, SecretText};
use crate::transport::Transport;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use governor::{DefaultDirectRateLimiter, Quota};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Where a source is and how much of it may be asked.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// What it is in messages: `json_rpc`, `etherscan_v2`, `blockscout`.
    pub kind: String,
    /// Its address; variables are read when the first request is made.
    pub url: SecretTemplate,
    /// What is appended to the address' path (`/api`); empty for nothing.
    pub path: &'static str,
    /// A query parameter that carries a key, and the key.
    pub key: Option<(&'static str, SecretTemplate)>,
    /// A header that carries a key, and the key.
    pub key_header: Option<(&'static str, SecretTemplate)>,
    /// The time to connect.
    pub connect_timeout: Duration,
    /// The time for one request in all.
    pub total_timeout: Duration,
    /// The largest answer, after decompression.
    pub answer_bytes_max: usize,
    /// Requests a second; `None` for no limit.
    pub requests_per_second: Option<NonZeroU32>,
}

impl HttpConfig {
    /// The defaults: 10 s to connect, 60 s in all, 64 MiB an answer (log queries are large), no rate limit.
    #[must_use]
    pub fn new(kind: &str, url: SecretTemplate) -> Self {
        Self {
            kind: kind.to_owned(),
            url,
            path: "",
            key: None,
            key_header: None,
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(60),
            answer_bytes_max: 64 * 1024 * 1024,
            requests_per_second: None,
        }
    }
}

/// A rate limit, shared by every transport that speaks to one host with one key.
#[derive(Clone)]
pub struct RateLimit(Option<Arc<DefaultDirectRateLimiter>>);

impl RateLimit {
    /// At most so many requests a second; `None` for no limit. Bursts up to one second's worth pass at once.
    #[must_use]
    pub fn per_second(requests: Option<NonZeroU32>) -> Self {
        Self(requests.map(|requests| {
            Arc::new(DefaultDirectRateLimiter::direct(Quota::per_second(
                requests,
            )))
        }))
    }

    /// At most so many requests a minute; `None` for no limit.
    #[must_use]
    pub fn per_minute(requests: Option<NonZeroU32>) -> Self {
        Self(requests.map(|requests| {
            Arc::new(DefaultDirectRateLimiter::direct(Quota::per_minute(
                requests,
            )))
        }))
    }

    async fn wait(&self) {
        if let Some(limiter) = &self.0 {
            limiter.until_ready().await;
        }
    }
}

/// A transport over HTTP. Redirects are not followed and no proxy of the environment is used: a source is the address
/// that the configuration names and no other.
pub struct HttpTransport {
    config: HttpConfig,
    origin: String,
    limit: RateLimit,
    opened: OnceCell<Opened>,
}

struct Opened {
    client: reqwest::Client,
    url: url::Url,
    key: Option<(&'static str, SecretText)>,
    key_header: Option<(&'static str, SecretText)>,
    secrets: Vec<SecretText>,
}

impl Opened {
    /// With the key that is sent as a header, where there is one.
    fn keyed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.key_header {
            Some((name, key)) => request.header(*name, key.reveal()),
            None => request,
        }
    }

    fn redact(&self, mut text: String) -> String {
        for secret in &self.secrets {
            text = text.replace(secret.reveal(), "[redacted]");
        }
        text
    }
}

/// What of a URL may be a key: its login, long pieces of its path and the values of its query.
fn secrets_of(url: &url::Url) -> Vec<String> {
    let path = url.path_segments().into_iter().flatten();
    let mut secrets: Vec<String> = path
        .filter(|piece| piece.len() >= 12)
        .map(str::to_owned)
        .collect();
    secrets.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    secrets.push(url.username().to_owned());
    secrets.extend(url.password().map(str::to_owned));
    secrets.retain(|secret| secret.len() >= 6);
    secrets
}

impl std::fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpTransport")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl HttpTransport {
    /// A transport; nothing is read from the environment and nothing is sent yet.
    #[must_use]
    pub fn new(config: HttpConfig) -> Self {
        let limit = RateLimit::per_second(config.requests_per_second);
        Self::with_limit(config, limit)
    }

    /// A transport that shares a rate limit with others of its host.
    #[must_use]
    pub fn with_limit(config: HttpConfig, limit: RateLimit) -> Self {
        let origin = format!("{} {}", config.kind, config.url.label());
        Self {
            config,
            origin,
            limit,
            opened: OnceCell::new(),
        }
    }

    async fn opened(&self) -> Result<&Opened, SourceError> {
        self.opened.get_or_try_init(|| async { self.open() }).await
    }

    fn open(&self) -> Result<Opened, SourceError> {
        let environment = |name: &str| std::env::var(name).ok();
        let text = self.config.url.expand(&self.origin, environment)?;
        let not_a_url = |detail: &str| SourceError::Unsupported {
            origin: self.origin.clone(),
            what: format!("its url ({detail}); write it as https://HOST/PATH"),
        };
        // The parser's own words could repeat the text.
        let mut url =
            url::Url::parse(text.reveal()).map_err(|_| not_a_url("it cannot be parsed"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(not_a_url("it is neither http nor https"));
        }
        append_path(&mut url, self.config.path);
        let expanded = |key: &Option<(&'static str, SecretTemplate)>| match key {
            Some((name, template)) => {
                Ok(Some((*name, template.expand(&self.origin, environment)?)))
            }
            None => Ok::<_, SourceError>(None),
        };
        let key = expanded(&self.config.key)?;
        let key_header = expanded(&self.config.key_header)?;
        let client = reqwest::Client::builder()
            .connect_timeout(self.config.connect_timeout)
            .timeout(self.config.total_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .gzip(true)
            .user_agent(concat!("recover/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| self.unreachable(&error.without_url()))?;
        let mut secrets: Vec<SecretText> =
            secrets_of(&url).into_iter().map(SecretText::new).collect();
        let keys = key.iter().chain(&key_header);
        secrets.extend(keys.map(|(_, key)| key.clone()));
        Ok(Opened {
            client,
            url,
            key,
            key_header,
            secrets,
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> SourceError {
        // The kind of failure is enough; the chain of causes may name the address.
        let detail = if error.is_timeout() {
            "it took too long"
        } else if error.is_connect() {
            "no connection"
        } else if error.is_body() || error.is_decode() {
            "the answer broke off"
        } else {
            "the request failed"
        };
        SourceError::Unreachable {
            origin: self.origin.clone(),
            detail: detail.to_owned(),
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Bytes, SourceError> {
        self.limit.wait().await;
        let mut response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error.without_url()))?;
        let status = response.status();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.trim().parse().ok())
            .map(Duration::from_secs);
        let limit_bytes = self.config.answer_bytes_max;
        let too_large = || SourceError::TooLarge {
            origin: self.origin.clone(),
            limit_bytes,
        };
        let mut body = BytesMut::new();
        let announced = response
            .content_length()
            .and_then(|length| usize::try_from(length).ok());
        if let Some(length) = announced {
            if length > limit_bytes {
                return Err(too_large());
            }
            body.reserve(length);
        }
        // Read in pieces, so that an endless or a well-packed answer stops at the limit and not at the machine's end.
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error.without_url()))?
        {
            if body.len().saturating_add(chunk.len()) > limit_bytes {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        self.judge(status, retry_after, body.freeze())
    }

    /// What a status means. A body in JSON is the protocol's own answer even under a bad status, except where the status
    /// speaks of limits.
    fn judge(
        &self,
        status: StatusCode,
        retry_after: Option<Duration>,
        body: Bytes,
    ) -> Result<Bytes, SourceError> {
        let origin = self.origin.clone();
        if status.is_success() {
            return Ok(body);
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(SourceError::RateLimited {
                origin,
                retry_after,
            });
        }
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            return Err(SourceError::RangeRefused {
                origin,
                detail: "http status 413".to_owned(),
            });
        }
        if serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok()
            && matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
        {
            return Ok(body);
        }
        if retry_after.is_some() && status == StatusCode::SERVICE_UNAVAILABLE {
            return Err(SourceError::RateLimited {
                origin,
                retry_after,
            });
        }
        if status.is_server_error() {
            return Err(SourceError::Unreachable {
                origin,
                detail: format!("http status {}", status.as_u16()),
            });
        }
        // Before it is cut: half a key would no longer be known for one.
        let words = self.redact(String::from_utf8_lossy(&body).into_owned());
        let hint = match status.as_u16() {
            401 | 403 => "; check its key",
            404 | 405 => "; check its url",
            300..=399 => "; it redirects, and redirects are not followed: write the final url",
            _ => "",
        };
        Err(SourceError::Refused {
            origin,
            code: i64::from(status.as_u16()),
            detail: format!("{}{hint}", shorten(words.as_bytes())),
        })
    }
}

#[async_trait]
impl Transport for HttpTransport {
    fn origin(&self) -> &str {
        &self.origin
    }

    fn redact(&self, text: String) -> String {
        match self.opened.get() {
            Some(opened) => opened.redact(text),
            None => text,
        }
    }

    async fn post(&self, body: Bytes) -> Result<Bytes, SourceError> {
        self.post_to("", "application/json", body).await
    }

    async fn post_to(
        &self,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<Bytes, SourceError> {
        let opened = self.opened().await?;
        let mut url = opened.url.clone();
        append_path(&mut url, path);
        if let Some((name, key)) = &opened.key {
            url.query_pairs_mut().append_pair(name, key.reveal());
        }
        let request = opened
            .client
            .post(url)
            .header(CONTENT_TYPE, content_type)
            .body(body);
        self.send(opened.keyed(request)).await
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
        let opened = self.opened().await?;
        let mut url = opened.url.clone();
        append_path(&mut url, path);
        {
            let mut pairs = url.query_pairs_mut();
            for (name, value) in query {
                pairs.append_pair(name, value);
            }
            if let Some((name, key)) = &opened.key {
                pairs.append_pair(name, key.reveal());
            }
        }
        self.send(opened.keyed(opened.client.get(url))).await
    }
}

fn append_path(url: &mut url::Url, path: &str) {
    if !path.is_empty() {
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{path}"));
    }
}

/// The beginning of a body for a message: one line, at most 120 characters, control characters left out.
#[must_use]
pub fn shorten(body: &[u8]) -> String {
    let start = body.get(..1024).unwrap_or(body);
    let text = String::from_utf8_lossy(start);
    let mut words = String::new();
    for word in text.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(word.chars().filter(|letter| !letter.is_control()));
    }
    if words.is_empty() {
        return "an empty body".to_owned();
    }
    if words.chars().count() <= 120 && start.len() == body.len() {
        return words;
    }
    let mut short: String = words.chars().take(117).collect();
    short.push_str("...");
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_shortened_to_one_line() {
        assert_eq!(shorten(b""), "an empty body");
        assert_eq!(shorten(b"<html>\n  <b>busy</b>\x07"), "<html> <b>busy</b>");
        let long = shorten("x".repeat(5000).as_bytes());
        assert_eq!(long.len(), 120);
        assert!(long.ends_with("..."));
    }
}
