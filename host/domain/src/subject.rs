use alloy_primitives::{B256, U256};
use tutti_statements::{Binding, SigningContext, Statement, StatementError};

use crate::check::{Fact, Reason, Sheet, Step, input};
use crate::policy::{Grade, Policy, ReplayScope};

/// What a certificate is asked to prove: a statement, signed in its system's way. The digest is
/// computed here, never taken from a caller, but for opaque ones, which prove nothing.
#[derive(Clone, Debug)]
pub struct Subject {
    statement: Statement,
    context: SigningContext,
    digest: B256,
}

impl Subject {
    pub fn new(statement: Statement, context: SigningContext) -> Result<Self, StatementError> {
        let digest = B256::from(*context.digest(&statement)?.as_bytes());
        Ok(Self {
            statement,
            context,
            digest,
        })
    }

    /// A digest of who knows what, signed as it is.
    pub fn opaque(digest: B256) -> Self {
        Self {
            statement: Statement::opaque(digest.0),
            context: SigningContext::Raw,
            digest,
        }
    }

    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    pub const fn context(&self) -> &SigningContext {
        &self.context
    }

    /// What its signers sign.
    pub const fn digest(&self) -> B256 {
        self.digest
    }

    pub(crate) fn examine(&self, signed: B256, policy: &Policy, sheet: &mut Sheet) {
        let same = if signed == self.digest {
            Ok(())
        } else {
            Err(Reason::OtherMessage {
                certificate: signed,
                statement: self.digest,
            })
        };
        let inputs = vec![
            input("certificate", Fact::Digest(signed)),
            input("statement", Fact::Digest(self.digest)),
        ];
        sheet.note(Step::Subject, inputs, same);
        let kind = vec![input("kind", Fact::Words(self.statement.kind().name()))];
        let graded = match policy.grade() {
            Grade::Evidential if !self.statement.is_evidential() => Err(Reason::NotEvidential),
            _ => Ok(()),
        };
        sheet.note(Step::Evidence, kind, graded);
        let chain = vec![input("chain", Fact::Weight(self.statement.chain()))];
        sheet.note(Step::ReplayScope, chain, self.in_scope(policy.scope()));
    }

    fn in_scope(&self, scope: ReplayScope) -> Result<(), Reason> {
        let about = |chain: U256| self.statement.is_evidential() && self.statement.chain() == chain;
        let signed = self.context.chain_binding(&self.statement) == Binding::Signed;
        match scope {
            ReplayScope::Chain(chain) if !about(chain) => Err(Reason::OtherChain { policy: chain }),
            ReplayScope::ChainSigned(chain) if !about(chain) || !signed => {
                Err(Reason::OtherChain { policy: chain })
            }
            _ => Ok(()),
        }
    }
}
