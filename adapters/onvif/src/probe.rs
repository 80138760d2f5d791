//! The login as the configuration has it, and a look at a camera that changes nothing.

use crate::config::CameraConfig;
use crate::line::{Line, To};
use crate::login::Account;
use crate::operation::{self, Nameplate};
use crate::trouble::Trouble;

/// User and password, read anew at each connect so that a corrected file takes effect.
pub(crate) async fn account(config: &CameraConfig) -> Result<Option<Account>, Trouble> {
    let (Some(user), Some(file)) = (&config.user, &config.password_file) else {
        return Ok(None);
    };
    let text = tokio::fs::read_to_string(file)
        .await
        .map_err(|error| Trouble::Login(format!("password file {}: {error}", file.display())))?;
    Ok(Some(Account {
        user: user.clone(),
        password: text.lines().next().unwrap_or_default().to_owned(),
    }))
}

/// Touches a camera and changes nothing: its clock and its nameplate.
pub(crate) async fn probe(
    config: &CameraConfig,
    line: &mut Line,
) -> Result<(Nameplate, Option<i64>), Trouble> {
    line.log_in_as(account(config).await?);
    let offset = line.read_clock().await?;
    let url = line.address.device_service();
    let answer = line.ask(&operation::information(), To::at(&url)).await?;
    Ok((operation::read_nameplate(&answer), offset))
}
