//! The function `verify`: `docs/functions.md`.

use dayseal_lambda::verify::Verify;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    dayseal_lambda::serve::<Verify>().await
}
