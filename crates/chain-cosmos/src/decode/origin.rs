//! Where a voucher comes from: the trace that its denomination is the digest of.

use crate::address::voucher_denom;
use crate::decode::DecodeError;
use crate::decode::json::result;
use crate::decode::message::text_of;
use serde_json::Value;

/// The origin of a voucher. Its digest proves it: nobody has to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The hops from this network on (`transfer/channel-0`, `transfer/channel-0/transfer/channel-9`).
    pub path: String,
    /// The coin on the network where it was made.
    pub denom: String,
}

impl Origin {
    /// Reads the gateway's answer for a voucher: `denom_trace` of IBC up to version 9, `denom` with its hops later.
    ///
    /// # Errors
    /// When it is something else, or the trace is not that of this voucher.
    pub fn read(answer: &Value, voucher: &str) -> Result<Self, DecodeError> {
        let body = result(answer)?;
        let (path, denom) = match (body.get("denom_trace"), body.get("denom")) {
            (Some(trace), _) => (text_of(trace.get("path")), text_of(trace.get("base_denom"))),
            (None, Some(denom)) => {
                let hops: Vec<String> = denom
                    .get("trace")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .map(|hop| {
                        format!(
                            "{}/{}",
                            text_of(hop.get("port_id")),
                            text_of(hop.get("channel_id"))
                        )
                    })
                    .collect();
                (hops.join("/"), text_of(denom.get("base")))
            }
            (None, None) => return Err(DecodeError::missing("the trace of the voucher")),
        };
        Self { path, denom }.proven(voucher)
    }

    /// The origin, when the voucher's denomination is its digest.
    ///
    /// # Errors
    /// When it is not.
    pub fn proven(self, voucher: &str) -> Result<Self, DecodeError> {
        let computed = voucher_denom(&format!("{}/{}", self.path, self.denom));
        if computed == voucher {
            Ok(self)
        } else {
            Err(DecodeError::Contradiction {
                what: format!(
                    "the trace {}/{} makes {computed} and not {voucher}",
                    self.path, self.denom
                ),
            })
        }
    }
}
