"""KMS keys ECC_NIST_EDWARDS25519, which LocalStack knows by name and refuses to make.

Sign and Verify with ED25519_SHA_512 and MessageType RAW (pure Ed25519, RFC 8032); the public key is
SubjectPublicKeyInfo (RFC 8410). ED25519_PH_SHA_512 is not done: nothing here uses it.
https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
"""

from localstack.runtime import hooks

SPEC, ALGORITHM = "ECC_NIST_EDWARDS25519", "ED25519_SHA_512"


@hooks.on_infra_start()
def add_ed25519():
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key
    from localstack.aws.api.kms import InvalidKeyUsageException, KMSInvalidSignatureException
    from localstack.services.kms.exceptions import ValidationException
    from localstack.services.kms.models import KmsCryptoKey, KmsKey
    from localstack.utils.patch import patch

    @patch(KmsCryptoKey.__init__)
    def __init__(fn, self, key_spec, key_material=None):
        if key_spec != SPEC:
            return fn(self, key_spec, key_material)
        fn(self, "SYMMETRIC_DEFAULT", key_material)  # sets every field
        self.key_spec = SPEC
        self._serialize_key(
            load_der_private_key(key_material, None) if key_material else Ed25519PrivateKey.generate()
        )

    @patch(KmsKey._get_key_usage)
    def _get_key_usage(fn, self, request_key_usage, key_spec):
        if key_spec == SPEC and request_key_usage != "SIGN_VERIFY":
            raise ValidationException(f"KeyUsage {request_key_usage} is not compatible with KeySpec {SPEC}")
        return fn(self, request_key_usage, key_spec)

    @patch(KmsKey._populate_signing_algorithms)
    def _populate_signing_algorithms(fn, self, key_usage, key_spec):
        fn(self, key_usage, key_spec)
        if key_spec == SPEC:
            self.metadata["SigningAlgorithms"] = [ALGORITHM]

    def is_ed25519(key, data, message_type, algorithm):
        """Whether it is ours; raises if key and algorithm do not belong together."""
        ours = key.metadata["KeySpec"] == SPEC
        if ours != (algorithm == ALGORITHM):
            raise InvalidKeyUsageException(f"Algorithm {algorithm} is incompatible with key spec {key.metadata['KeySpec']}.")
        if ours and message_type not in (None, "RAW"):
            raise ValidationException(f"MessageType {message_type} is not compatible with {ALGORITHM}: RAW is")
        if ours and not 1 <= len(data) <= 4096:
            raise ValidationException(f"Message has {len(data)} bytes: 1 to 4096 are allowed")
        return ours

    @patch(KmsKey.sign)
    def sign(fn, self, data, message_type, signing_algorithm):
        if not is_ed25519(self, data, message_type, signing_algorithm):
            return fn(self, data, message_type, signing_algorithm)
        return self.crypto_key.key.sign(data)

    @patch(KmsKey.verify)
    def verify(fn, self, data, message_type, signing_algorithm, signature):
        if not is_ed25519(self, data, message_type, signing_algorithm):
            return fn(self, data, message_type, signing_algorithm, signature)
        try:
            self.crypto_key.key.public_key().verify(signature, data)
        except InvalidSignature:
            raise KMSInvalidSignatureException() from None
        return True
