//! Answers request NN with `NN-name.response.json`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::Value;

/// Recorded answers.
#[derive(Debug, Clone)]
pub struct Examples {
    /// By the id of the request.
    answers: Arc<HashMap<String, Bytes>>,
    /// The ids of requests by what else tells them apart.
    ids: Arc<HashMap<String, String>>,
}

impl Examples {
    /// Reads every pair `NAME.request.json`, `NAME.response.json` of a directory.
    ///
    /// # Errors
    /// When the directory or one of its files cannot be read, or a request has no `id`.
    pub fn load(dir: &Path) -> Result<Self> {
        let mut answers = HashMap::new();
        let mut ids = HashMap::new();
        for entry in
            fs::read_dir(dir).with_context(|| format!("{} cannot be read", dir.display()))?
        {
            let path = entry?.path();
            let Some(name) = path
                .file_name()
                .and_then(|n| n.to_str())
                .and_then(|n| n.strip_suffix(".request.json"))
            else {
                continue;
            };
            let request: Value = serde_json::from_slice(&fs::read(&path)?)?;
            let id = request["id"]
                .as_str()
                .with_context(|| format!("{} has no id", path.display()))?;
            let response = fs::read(dir.join(format!("{name}.response.json")))
                .with_context(|| format!("{name} has no response beside it"))?;
            ids.entry(sold(&request)).or_insert_with(|| id.to_owned());
            answers.insert(id.to_owned(), Bytes::from(response));
        }
        Ok(Self {
            answers: Arc::new(answers),
            ids: Arc::new(ids),
        })
    }

    /// The recorded answer to a request, found by its id; by what it sells where an exchange gave it an id
    /// of its own, which the answer then carries.
    #[must_use]
    pub fn answer(&self, request: &Value) -> Option<Bytes> {
        let id = request["id"].as_str()?;
        if let Some(answer) = self.answers.get(id) {
            return Some(answer.clone());
        }
        let recorded = self.ids.get(&sold(request))?;
        let answer = std::str::from_utf8(self.answers.get(recorded)?).ok()?;
        let own = Value::from(id).to_string();
        Some(answer.replacen(&format!("\"{recorded}\""), &own, 1).into())
    }
}

/// The imps of a request and where they are.
fn sold(request: &Value) -> String {
    let place = ["site", "app", "dooh"].map(|place| &request[place]["id"]);
    let imps = request["imp"].as_array().into_iter().flatten();
    let imps: Vec<&Value> = imps.map(|imp| &imp["id"]).collect();
    format!("{imps:?} {place:?}")
}
