// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Pays many in one transaction. Native coins come with the call; tokens are the ones this contract already holds.
contract MultiSend {
    receive() external payable {}

    /// Pays `values[i]` to `recipients[i]` by an internal call, then transfers `tokenValues[i]` of `tokens[i]` to
    /// `tokenRecipients[i]`. The token's answer is not read, so that a token returning nothing or false goes through as well.
    function send(
        address[] calldata recipients,
        uint256[] calldata values,
        address[] calldata tokens,
        address[] calldata tokenRecipients,
        uint256[] calldata tokenValues
    ) external payable {
        for (uint256 i = 0; i < recipients.length; i++) {
            (bool paid, ) = recipients[i].call{value: values[i]}("");
            require(paid, "native payment failed");
        }
        for (uint256 i = 0; i < tokens.length; i++) {
            (bool moved, ) = tokens[i].call(
                abi.encodeWithSignature("transfer(address,uint256)", tokenRecipients[i], tokenValues[i])
            );
            require(moved, "token transfer failed");
        }
    }
}
