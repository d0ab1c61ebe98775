package rules

// packVersion changes whenever a rule may answer otherwise on the same snapshot: then two results do not compare.
const packVersion = "1.0.0"

// PackVersion returns the version of the rules, for a scan's record.
func PackVersion() string { return packVersion }

// All returns every rule, in the order of the catalogue.
func All() []Rule {
	return []Rule{
		credentialWithoutOwner,
		ownerInactive,
		humanTokenInPipeline,
		homeWithoutOwner,
		credentialNeverExpires,
		lifetimeAbovePolicy,
		expiringInUse,
		deployKeyNeverExpires,
		rotationOverdue,
		halfRotation,
		botWithMaintainerRole,
		adminClassScope,
		deployKeyCanPush,
		jobTokenAccessOpen,
		secretInCode,
		secretInHistory,
		secretInCIConfiguration,
		secretInVisibleProject,
		storedSecretInCode,
		variableNotMasked,
		variableNotProtected,
		variableNotHidden,
		productionVariableWithoutScope,
		variableProtectionNominal,
		valueInManyProjects,
		valueAcrossEnvironments,
		deployKeyShared,
		credentialNeverUsed,
		credentialUnused,
		triggerDormant,
		runnerStale,
		archivedProjectLiveCredentials,
		pendingDeletionLiveCredentials,
		botOutlivesCreator,
		pipelineOwnerLeft,
		scannerBreaksRules,
	}
}
