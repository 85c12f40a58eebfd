//! The OpenAPI document: what the handlers say of themselves, and what is true of all of them.

use std::collections::BTreeMap;

use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder, Schema};

use crate::problem::Problem;
use crate::router::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "watson",
        description = "Everything that an administrator does with a watson server. Errors are RFC 9457 problems; lists \
                       come in pages by cursor; times are RFC 3339, UTC."
    ),
    components(schemas(Problem))
)]
pub(crate) struct About;

/// The document.
#[must_use]
pub fn document() -> Document {
    complete(routes().into_openapi())
}

/// The document as it is served and committed: indented, with a line end.
#[must_use]
pub fn document_text() -> String {
    let mut text = document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Adds what every operation has: the token, and the refusals.
pub(crate) fn complete(mut document: Document) -> Document {
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    open_what_is_extended(&mut components.schemas);
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.patch, &mut item.delete, &mut item.put];
        operations.into_iter().flatten().for_each(add_refusals);
    }
    document
}

/// What a request may say and no more, an answer says together with what was made of it. A schema that forbids all other
/// fields cannot be extended, so those that are do not say that other fields are refused; they are.
fn open_what_is_extended(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let mut extended = Vec::new();
    for schema in schemas.values() {
        let RefOr::T(Schema::AllOf(all)) = schema else { continue };
        for item in &all.items {
            if let RefOr::Ref(reference) = item {
                extended.extend(reference.ref_location.rsplit('/').next().map(str::to_owned));
            }
        }
    }
    for name in extended {
        if let Some(RefOr::T(Schema::Object(object))) = schemas.get_mut(&name) {
            object.additional_properties = None;
        }
    }
}

fn add_refusals(operation: &mut Operation) {
    let has_input = operation.parameters.as_ref().is_some_and(|list| !list.is_empty());
    let has_body = operation.request_body.is_some();
    let mut refusals = vec![
        ("401", "No token, or none that is known."),
        ("403", "The token lacks the scope, or is for another tenant."),
        ("500", "The server could not read or write its data."),
        ("503", "The store is busy; `Retry-After` says when to come again."),
    ];
    let in_path = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Path,
        RefOr::Ref(_) => false,
    };
    if operation.parameters.iter().flatten().any(in_path) {
        refusals.push(("404", "There is no such thing, or it is another tenant's."));
    }
    if has_input || has_body {
        refusals.push(("400", "The request could not be understood."));
        refusals.push(("422", "A value breaks a rule; `field` says which."));
    }
    if has_body {
        refusals.push(("409", "What is there already stands against it: a name, a limit."));
        refusals.push(("413", "The body is too large."));
        refusals.push(("415", "The body is not JSON."));
    }
    for response in operation.responses.responses.values_mut() {
        // The specification requires one.
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            response.description = "Done.".to_owned();
        }
    }
    for (status, description) in refusals {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/problem+json", content)
            .build();
        operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
    }
}
