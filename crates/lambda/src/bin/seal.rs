//! The function `seal`: `docs/functions.md`.

use dayseal_lambda::seal::Seal;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    dayseal_lambda::serve::<Seal>().await
}
