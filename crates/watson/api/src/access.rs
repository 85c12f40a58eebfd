//! Who may do what. The server finds out who asks and puts a [`Granted`] into the request's extensions; a handler takes
//! one of the extractors below as an argument, and so cannot be reached without the scope that it demands.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use watson_db::Role;

use crate::problem::Failure;

/// A kind of right. None of them includes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// See everything but secrets.
    Read,
    /// Change what is collected and what machines are told.
    Write,
    /// Change who may do what, and what is kept.
    Admin,
    /// Export and erase what is known of a machine.
    Erase,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Admin, Self::Erase];

    /// Its name in tokens and documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
            Self::Erase => "erase",
        }
    }
}

/// What an account of a role may.
#[must_use]
pub fn scopes_of(role: Role) -> Vec<Scope> {
    match role {
        Role::Admin => Scope::ALL.to_vec(),
        Role::Operator => vec![Scope::Read, Scope::Write],
        Role::Reader => vec![Scope::Read],
    }
}

/// Who asks, and what it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// What it may.
    pub scopes: Vec<Scope>,
    /// Its name, for the audit log.
    pub actor: String,
    /// The only tenant whose data it may see; `None` = all.
    pub tenant: Option<i64>,
}

impl Granted {
    /// Everything.
    #[must_use]
    pub fn everything(actor: impl Into<String>) -> Self {
        Self { scopes: Scope::ALL.to_vec(), actor: actor.into(), tenant: None }
    }

    /// Whether it has a scope.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether it may see a tenant's data.
    #[must_use]
    pub fn sees(&self, tenant: i64) -> bool {
        self.tenant.is_none_or(|only| only == tenant)
    }

    /// The tenant that is meant: the one that was named, else its own, else the default one.
    pub(crate) fn tenant_for(&self, named: Option<i64>) -> Result<i64, Failure> {
        let tenant = named.or(self.tenant).unwrap_or(watson_db::DEFAULT_TENANT);
        if self.sees(tenant) { Ok(tenant) } else { Err(Failure::OtherTenant) }
    }
}

fn granted(parts: &Parts, scope: Scope) -> Result<Granted, Failure> {
    match parts.extensions.get::<Granted>() {
        None => Err(Failure::NotGranted),
        Some(granted) if granted.may(scope) => Ok(granted.clone()),
        Some(_) => Err(Failure::Lacks(scope)),
    }
}

macro_rules! demand {
    ($name:ident, $scope:expr, $text:literal) => {
        #[doc = $text]
        #[derive(Clone, Debug)]
        pub(crate) struct $name(pub(crate) Granted);

        impl<S: Sync> FromRequestParts<S> for $name {
            type Rejection = Failure;

            async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
                granted(parts, $scope).map(Self)
            }
        }
    };
}

demand!(MayRead, Scope::Read, "Demands [`Scope::Read`].");
demand!(MayWrite, Scope::Write, "Demands [`Scope::Write`].");
demand!(MayAdmin, Scope::Admin, "Demands [`Scope::Admin`].");
demand!(MayErase, Scope::Erase, "Demands [`Scope::Erase`].");
