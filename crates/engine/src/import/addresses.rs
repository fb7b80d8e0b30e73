//! The address book: `user_id, role, family, value` and, where the exchange keeps them, `network, created, retired, control`.

use super::columns::{Column, ColumnMap, needed, optional};
use super::context::Context;
use super::error::ImportError;
use super::reject::RejectReason;
use super::rows::{Records, Row};
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::network::Family;
use std::io::Read;

const COLUMNS: &[Column] = &[
    needed("user_id"),
    needed("role"),
    needed("family"),
    needed("value"),
    optional("network"),
    optional("created"),
    optional("retired"),
    optional("control"),
];

/// Reads an address book. An address of a family with a codec comes out in canonical text; one that fails its checksum is a
/// reject, since money would be looked for at an address that nobody has.
///
/// # Errors
/// When the columns are not understood; see [`Records`] for rows.
pub fn addresses<'a, R: Read>(
    file: &str,
    reader: R,
    map: &ColumnMap,
    context: &'a Context<'a>,
) -> Result<Records<'a, R, AddressRecord>, ImportError> {
    Records::open(file, reader, COLUMNS, map, context, parse)
}

fn parse(row: &Row<'_>, context: &Context<'_>) -> Result<AddressRecord, RejectReason> {
    let role_text = row.needed("role")?;
    let role = AddressRole::from_name(role_text).ok_or_else(|| {
        let roles: Vec<&str> = AddressRole::ALL.iter().map(|role| role.code()).collect();
        let problem = format!(
            "'{role_text}' is no role: write one of {}",
            roles.join(", ")
        );
        RejectReason::value("role", problem)
    })?;
    let user_id = row.get("user_id").map(str::to_owned);
    match role {
        AddressRole::Deposit | AddressRole::AssignedMemo | AddressRole::PastSender => {
            if user_id.is_none() {
                return Err(RejectReason::Blank { column: "user_id" });
            }
        }
        AddressRole::Omnibus | AddressRole::Hot => {
            if user_id.is_some() {
                let problem =
                    format!("an address of role {role} belongs to no user: leave this empty");
                return Err(RejectReason::value("user_id", problem));
            }
        }
        AddressRole::Retired => {}
    }
    let family_text = row.needed("family")?;
    let family = Family::from_name(family_text).ok_or_else(|| {
        let families: Vec<&str> = Family::ALL.iter().map(|family| family.code()).collect();
        let problem = format!(
            "'{family_text}' is no family: write one of {}",
            families.join(", ")
        );
        RejectReason::value("family", problem)
    })?;
    let network = match row.get("network") {
        None => None,
        Some(text) => {
            let (network, of) = context.network("network", text)?;
            if of != family {
                let problem = format!("{network} is of family {of}, not {family}");
                return Err(RejectReason::value("network", problem));
            }
            Some(network)
        }
    };
    let text = row.needed("value")?;
    let (value, payload, network) = if role == AddressRole::AssignedMemo {
        // Some desks keep the address they gave out (X-address, muxed account): the routing value inside is what is assigned.
        let value = context.routing_value(family, text);
        (value.unwrap_or_else(|| text.to_owned()), None, network)
    } else {
        let address = context.address("value", family, text)?;
        if let Some(inside) = address.value().filter(|_| role.is_ours()) {
            // Kept as one user's own address it would give every deposit at the shared account to them.
            let problem = format!(
                "this is the account {} with the routing value {inside}: write two rows, role omnibus with the account, and \
                 role assigned_memo with {inside} for the user",
                address.text
            );
            return Err(RejectReason::value("value", problem));
        }
        if let Some((home, named)) = address.home.as_ref().zip(network.as_ref())
            && home != named
        {
            let problem = format!("it is an address of {home}, and the row names {named}");
            return Err(RejectReason::value("value", problem));
        }
        if let Some(named) = &network
            && !context.is_written_on(family, text, named)
        {
            let problem =
                format!("it is no address of {named}, which writes this script in another way");
            return Err(RejectReason::value("value", problem));
        }
        (address.text, address.payload, network.or(address.home))
    };
    let created = row.time("created")?;
    let retired = row.time("retired")?;
    if created.zip(retired).is_some_and(|(from, to)| to < from) {
        return Err(RejectReason::value("retired", "it lies before created"));
    }
    let control = ControlRecord::parse(row.get("control").unwrap_or_default())
        .map_err(|error| RejectReason::value("control", error))?;
    let is_of_evm = matches!(
        control,
        ControlRecord::Create2 { .. } | ControlRecord::Create { .. }
    );
    if is_of_evm && family != Family::Evm {
        let problem = format!("contracts of this form exist on evm networks, not on {family}");
        return Err(RejectReason::value("control", problem));
    }
    let control = match control {
        ControlRecord::Descriptor(text) => {
            ControlRecord::Descriptor(context.descriptor("control", family, &text, payload)?)
        }
        other => other,
    };
    if control != ControlRecord::Unknown && !role.is_ours() {
        let problem = format!("a row of role {role} is no address of ours: leave this empty");
        return Err(RejectReason::value("control", problem));
    }
    Ok(AddressRecord {
        user_id,
        role,
        family,
        network,
        value,
        payload,
        created,
        retired,
        control,
    })
}
