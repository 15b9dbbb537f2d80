//! The function `example`: `docs/functions.md`.

use dayseal_lambda::example::Example;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    dayseal_lambda::serve::<Example>().await
}
